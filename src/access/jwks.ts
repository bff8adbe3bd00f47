import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../domain/common/index.ts';

/** Milliseconds the identity provider has to answer. */
const TIMEOUT_MS = 3_000;
/** Milliseconds between two looks for a key that was not there: a new one is found this soon. */
const COOLDOWN_MS = 5_000;
/** Milliseconds after which the keys are read again. */
const MAX_AGE_MS = 600_000;
/** Milliseconds for which keys are used that cannot be read again. */
const MAX_STALE_MS = 3_600_000;
/** Milliseconds after a failure in which nobody else waits for another try. */
const PAUSE_MS = 5_000;

/** The key that a token names cannot be had now: not the fault of who sent it. */
export class KeysUnavailableError extends Error {}

/**
 * The public keys at a JWKS URL (RFC 7517), read when they are needed. With the identity provider away,
 * the keys that were read go on working for an hour; a token with another key cannot be judged.
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
    if (clock() - failedAt < PAUSE_MS) return fromMemory(header, token);
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

/** The keys were read, and the token fits none or several of them, or asks for what there is not. */
function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}
