import { hash } from 'node:crypto';
import { type JWTPayload, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { isScope, type Scope } from '../../domain/access/index.ts';
import type { Clock } from '../../domain/common/index.ts';
import { LOCAL_ACTOR } from '../../domain/process/index.ts';
import type { Identified } from './caller.ts';
import { createKeySource, KeysUnavailableError } from './jwks.ts';

/**
 * Only signatures with a private key: with an HMAC an attacker could use the public key as the secret, and `none` is
 * not a signature (RFC 8725, sections 2.1 and 3.1).
 */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
/** Real tokens are shorter; Node accepts 16 KB of headers in total. */
const MAX_LENGTH = 12_000;
/** Characters of a subject: the column of the audit trail has no more. */
const MAX_SUBJECT = 255;
/** A character that is neither a space, a control character nor invisible. */
const NAMES_SOMEBODY = /[^\s\p{C}\p{Default_Ignorable_Code_Point}]/u;
/** How long a verified token is not verified again. */
const VERIFIED_MS = 30_000;
const MAX_VERIFIED = 10_000;

interface JwtOptions {
  jwksUrl: string;
  issuer: string;
  audience: string;
  /** Claim with the scopes: a text with spaces, or a list. */
  scopeClaim: string;
  /** How much the clocks of the identity provider and the service may differ. */
  clockToleranceSeconds: number;
  clock: Clock;
  /** The shortest time between two reads for a key that is missing. */
  cooldownMs?: number;
}

interface Verified {
  name: string;
  scopes: ReadonlySet<Scope>;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  believedUntil: number;
}

/** Checks tokens (RFC 7519) against the keys at a JWKS URL. */
export function createJwtVerifier(options: JwtOptions): (text: string) => Promise<Identified> {
  const { issuer, audience, scopeClaim, clockToleranceSeconds, clock } = options;
  const keys = createKeySource(options.jwksUrl, clock, options.cooldownMs);
  const verified = new LRUCache<string, Verified>({ max: MAX_VERIFIED });

  async function verify(text: string): Promise<Verified> {
    const { payload } = await jwtVerify(text, keys, {
      algorithms: ALGORITHMS,
      issuer,
      audience,
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(clock()),
      // A token that never expires could not be revoked.
      requiredClaims: ['exp', 'sub'],
    });
    const expiresAt = ((payload.exp ?? 0) + clockToleranceSeconds) * 1_000;
    return {
      name: subjectOf(payload),
      scopes: scopesOf(payload, scopeClaim),
      expiresAt,
      believedUntil: Math.min(expiresAt, clock() + VERIFIED_MS),
    };
  }

  return async (text) => {
    if (text.length > MAX_LENGTH) return { kind: 'invalid' };
    const digest = hash('sha256', text, 'base64');
    let token = verified.get(digest);
    if (!token || token.believedUntil <= clock()) {
      try {
        token = await verify(text);
      } catch (reason) {
        // Everything else is said of the token; which part of it is wrong helps nobody but a forger.
        if (reason instanceof KeysUnavailableError) return { kind: 'unavailable', reason };
        return { kind: 'invalid', reason: reason instanceof Error ? reason.message : 'unreadable' };
      }
      verified.set(digest, token);
    }
    const { name, scopes, expiresAt } = token;
    return {
      kind: 'known',
      caller: {
        name,
        scopes,
        rateKey: `sub:${name}`,
        id: `token:${JSON.stringify([issuer, name])}`,
        stillValid: async () => clock() < expiresAt,
      },
    };
  };
}

/**
 * The subject as it names the caller in the audit trail, in logs and for rate limits. jose only looks
 * that there is one.
 *
 * @throws Error when it names nobody: no text (RFC 7519, section 4.1.2), blank, or longer than the column
 */
export function subjectOf({ sub }: Pick<JWTPayload, 'sub'>): string {
  if (typeof sub !== 'string' || !NAMES_SOMEBODY.test(sub) || !sub.isWellFormed()) {
    throw new Error('"sub" is not a text that names somebody');
  }
  // What events say of calls while access control is off stands for nobody else.
  if (sub === LOCAL_ACTOR) throw new Error(`"sub" must not be "${LOCAL_ACTOR}"`);
  if (/\p{Cc}/u.test(sub)) throw new Error('"sub" has control characters');
  if ([...sub].length > MAX_SUBJECT) throw new Error('"sub" is too long');
  return sub;
}

/** The scopes we know of those in the claim, or in `scp`, which some identity providers write. */
export function scopesOf(
  payload: Readonly<Record<string, unknown>>,
  claim: string,
): ReadonlySet<Scope> {
  const value = payload[claim] ?? payload.scp;
  const words = typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : [];
  return new Set(words.filter((word) => typeof word === 'string').filter(isScope));
}
