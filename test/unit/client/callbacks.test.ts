import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CallbackError, verifyCallback } from '../../../src/client/index.ts';

const SECRET = `whsec_${Buffer.from('a secret of at least 24 bytes').toString('base64')}`;
const OTHER = `whsec_${Buffer.from('another secret, of 24 bytes').toString('base64')}`;
const BODY = '{"type":"process-completed","correlationId":"order-4711"}';
const NOW = Date.parse('2026-01-31T12:00:00Z');

/** The headers that a server sends by the specification (https://www.standardwebhooks.com). */
function headersFor(body: string, secret = SECRET, at = NOW): Record<string, string> {
  const timestamp = String(Math.floor(at / 1_000));
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const signature = createHmac('sha256', key).update(`msg_1.${timestamp}.${body}`).digest('base64');
  return {
    'webhook-id': 'msg_1',
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1a,AAAA v1,${signature}`,
  };
}

const verify = (
  body: string,
  headers: Record<string, string>,
  secret: string | string[] = SECRET,
) => verifyCallback(body, headers, secret, { now: NOW });

describe('G16: a callback', () => {
  it('that was signed with the secret is returned, parsed, whatever the case of its headers', async () => {
    expect(await verify(BODY, headersFor(BODY))).toEqual(JSON.parse(BODY));
    const upper = Object.entries(headersFor(BODY)).map(([name, value]) => [
      name.toUpperCase(),
      value,
    ]);
    expect(await verify(BODY, Object.fromEntries(upper))).toEqual(JSON.parse(BODY));
    const bytes = new TextEncoder().encode(BODY);
    const headers = new Headers(headersFor(BODY));
    expect(await verifyCallback(bytes, headers, SECRET, { now: NOW })).toEqual(JSON.parse(BODY));
  });

  it('that was signed with either secret of a rotation is taken', async () => {
    expect(await verify(BODY, headersFor(BODY), [OTHER, SECRET])).toEqual(JSON.parse(BODY));
  });

  it('that was changed, signed with another secret, or is not signed at all, is refused', async () => {
    const changed = BODY.replace('4711', '4712');
    await expect(verify(changed, headersFor(BODY))).rejects.toThrow(CallbackError);
    await expect(verify(BODY, headersFor(BODY, OTHER))).rejects.toThrow('none of the signatures');
    const { 'webhook-signature': _, ...unsigned } = headersFor(BODY);
    await expect(verify(BODY, unsigned)).rejects.toThrow(CallbackError);
    const renamed = { ...headersFor(BODY), 'webhook-id': 'msg_2' };
    await expect(verify(BODY, renamed)).rejects.toThrow(CallbackError);
    const broken = { ...headersFor(BODY), 'webhook-signature': 'v1,not base64!' };
    await expect(verify(BODY, broken)).rejects.toThrow(CallbackError);
  });

  it('that is older than five minutes, or from the future, is refused: somebody may have kept it', async () => {
    await expect(verify(BODY, headersFor(BODY, SECRET, NOW - 301_000))).rejects.toThrow(
      'timestamp',
    );
    await expect(verify(BODY, headersFor(BODY, SECRET, NOW + 301_000))).rejects.toThrow(
      'timestamp',
    );
    const { 'webhook-timestamp': _, ...timeless } = headersFor(BODY);
    await expect(verify(BODY, timeless)).rejects.toThrow('timestamp');
  });
});
