import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../domain/common/index.ts';

/** How long the identity provider may take to answer. */
const TIMEOUT_MS = 3_000;
/** The shortest time between two reads for a key that is missing: a new key is found this soon. */
const COOLDOWN_MS = 5_000;
/** After this time the keys are read again. */
const MAX_AGE_MS = 600_000;
/** How long old keys are used while they cannot be read again. */
const MAX_STALE_MS = 3_600_000;
/** After a failed read, the next one is this much later, so that callers do not wait for it. */
const RETRY_DELAY_MS = 5_000;

/** The key that a token names cannot be read now, which is not the caller's fault. */
export class KeysUnavailableError extends Error {}

/**
 * The public keys at a JWKS URL (RFC 7517), read when they are needed. While the identity provider is unavailable,
 * the keys that were read are used for an hour; a token with another key cannot be checked.
 *
 * @throws KeysUnavailableError, and what jose throws for a key that is not in the set
 */
export function createKeySource(
  url: string,
  clock: Clock,
  cooldownMs = COOLDOWN_MS,
): JWTVerifyGetKey {
  const remote = createRemoteJWKSet(new URL(url), {
    timeoutDuration: TIMEOUT_MS,
    cooldownDuration: cooldownMs,
    cacheMaxAge: MAX_AGE_MS,
  });
  let readAt = Number.NEGATIVE_INFINITY;
  let failedAt = Number.NEGATIVE_INFINITY;
  let failure: unknown;

  return async (header, token) => {
    if (clock() - failedAt < RETRY_DELAY_MS) return fromMemory(header, token);
    try {
      const key = await remote(header, token);
      if (remote.fresh) readAt = clock();
      return key;
    } catch (error) {
      if (isAboutToken(error)) throw error;
      failedAt = clock();
      failure = error;
      return fromMemory(header, token);
    }
  };

  async function fromMemory(...[header, token]: Parameters<JWTVerifyGetKey>) {
    const keys = remote.jwks();
    const unavailable = new KeysUnavailableError('the keys at JWT_JWKS_URL cannot be read', {
      cause: failure,
    });
    if (!keys || clock() - readAt > MAX_STALE_MS) throw unavailable;
    try {
      return await createLocalJWKSet(keys)(header, token);
    } catch (error) {
      // It may be a new key, which cannot be read now.
      if (error instanceof errors.JWKSNoMatchingKey) throw unavailable;
      throw error;
    }
  }
}

/** The keys were read, but the token matches none or several of them, or names an unsupported algorithm. */
function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}
