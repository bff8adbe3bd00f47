import { createHmac, hkdfSync } from 'node:crypto';
import type { SigningKey } from './subscription.ts';

/** Bytes of a secret; Standard Webhooks takes 24 to 64. */
const SECRET_BYTES = 32;
const SALT = 'fastify-camunda callbacks';

/** A secret as receivers are given it. */
export interface SigningSecret {
  generation: number;
  /** `whsec_` and Base64, as the libraries of Standard Webhooks take it. */
  secret: string;
}

/** The secrets in CALLBACK_SECRET, which the others are derived from; several are separated by commas. */
export function readBaseSecrets(setting: string): string[] {
  return setting
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '');
}

/**
 * The secrets with which deliveries to a target are signed, the newest first. They are derived, so that the database has
 * no secret.
 *
 * @param keyId of a subscription, or of the callbacks to a host; see `signingKeyId`
 */
export function secretsOf(
  baseSecrets: readonly string[],
  keyId: string,
  { generation, oldest }: SigningKey,
): SigningSecret[] {
  const secrets: SigningSecret[] = [];
  for (let at = generation; at >= oldest; at--) {
    for (const base of baseSecrets) {
      const info = `${keyId} ${at}`;
      const bytes = Buffer.from(hkdfSync('sha256', base, SALT, info, SECRET_BYTES));
      secrets.push({ generation: at, secret: `whsec_${bytes.toString('base64')}` });
    }
  }
  return secrets;
}

/** The headers of Standard Webhooks (https://www.standardwebhooks.com) for one try of a delivery. */
export function signedHeaders(
  secrets: readonly SigningSecret[],
  { id, at, body }: { id: string; at: number; body: string },
): Record<string, string> {
  const timestamp = String(Math.floor(at / 1_000));
  const signatures = secrets.map(({ secret }) => {
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  });
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  };
}
