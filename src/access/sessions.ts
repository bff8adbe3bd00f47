import { hkdfSync } from 'node:crypto';
import { decodeProtectedHeader, EncryptJWT, jwtDecrypt } from 'jose';
import { isScope, type Scope } from '../../domain/access/index.ts';
import { type Clock, StoreUnavailableError, type Timestamp } from '../../domain/common/index.ts';
import type { Caller, Identified } from './caller.ts';
import type { KeyRing } from './key-ring.ts';

/** A sign-in, as the text that a browser keeps. */
export interface Session {
  text: string;
  expiresAt: Timestamp;
}

/** Somebody whom the identity provider has named. */
export interface Subject extends Pick<Caller, 'name' | 'id'> {
  scopes: readonly Scope[];
}

export interface Sessions {
  /** Begins a session for a caller with an API key; null for another caller. */
  begin(caller: Caller): Promise<Session | null>;
  beginFor(subject: Subject): Promise<Session>;
  identify(text: string): Promise<Identified>;
  /** Whether identifying it costs a look-up for a key that is not in memory. */
  isNew(text: string): boolean;
}

/** Stands in a token where that of an API key has the id of the key. */
const OIDC = 'oidc';
const ALGORITHM = { alg: 'dir', enc: 'A256GCM' } as const;

/** A key for one purpose, from secrets (RFC 5869). */
export function deriveKey(purpose: string, ...secrets: readonly string[]): Uint8Array {
  const made = hkdfSync('sha256', JSON.stringify(secrets), '', `fastify-camunda ${purpose}`, 32);
  return new Uint8Array(made);
}

/** Encrypts claims for a time (RFC 7516): who has the text can neither read nor change them. */
export function encryptClaims(
  claims: Record<string, unknown>,
  { key, kid, expiresAt }: { key: Uint8Array; kid: string; expiresAt: number },
): Promise<string> {
  return new EncryptJWT(claims)
    .setProtectedHeader({ ...ALGORITHM, kid })
    .setExpirationTime(Math.floor(expiresAt / 1_000))
    .encrypt(key);
}

/** @throws when it was not encrypted with this key, or has expired */
export async function decryptClaims(text: string, key: Uint8Array, now: number) {
  const { payload } = await jwtDecrypt(text, key, {
    keyManagementAlgorithms: [ALGORITHM.alg],
    contentEncryptionAlgorithms: [ALGORITHM.enc],
    currentDate: new Date(now),
    requiredClaims: ['exp'],
  });
  return payload;
}

/**
 * Sessions that no instance keeps: all that is known of one is in the browser's text, encrypted. That of an API key is
 * encrypted with the hash of the key, and the key is looked up for each call, so it ends with the key.
 *
 * @param secret of the configuration; without one there are sessions of API keys only
 */
export function createSessions(options: {
  keyRing: Pick<KeyRing, 'find' | 'knows'>;
  secret: string;
  maxSeconds: number;
  clock: Clock;
}): Sessions {
  const { keyRing, secret, maxSeconds, clock } = options;
  const keyOf = (hash: string) => deriveKey('session of a key', secret, hash);
  const oidcKey = deriveKey('session of a subject', secret);

  async function make(key: Uint8Array, kid: string, claims: object, until: number | null) {
    const longest = clock() + maxSeconds * 1_000;
    const expiresAt = Math.floor(Math.min(longest, until ?? longest) / 1_000) * 1_000;
    const text = await encryptClaims({ ...claims }, { key, kid, expiresAt });
    return { text, expiresAt: new Date(expiresAt).toISOString() };
  }

  async function identifyKey(text: string, id: string): Promise<Identified> {
    const found = await keyRing.find(id);
    // An existing id takes the same time as an unknown one.
    const { exp = 0 } = await decryptClaims(text, keyOf(found?.hash ?? ''), clock());
    if (!found) return { kind: 'invalid' };
    return { kind: 'known', caller: inSession('api-key', found.caller, exp * 1_000) };
  }

  async function identifySubject(text: string): Promise<Identified> {
    const { exp = 0, name, id, scopes } = await decryptClaims(text, oidcKey, clock());
    const held = Array.isArray(scopes) ? scopes.filter((one) => isScope(String(one))) : [];
    const caller = {
      name: String(name),
      id: String(id),
      scopes: new Set(held as Scope[]),
      rateKey: `sub:${name}`,
      stillValid: async () => true,
    };
    return { kind: 'known', caller: inSession('oidc', caller, exp * 1_000) };
  }

  function inSession(kind: 'api-key' | 'oidc', caller: Caller, expiresAt: number): Caller {
    // Without the key: a session begins no other.
    const { key: _, ...rest } = caller;
    return {
      ...rest,
      session: { kind, expiresAt: new Date(expiresAt).toISOString() },
      stillValid: async () => clock() < expiresAt && (await caller.stillValid()),
    };
  }

  return {
    async begin({ key }) {
      const found = key && (await keyRing.find(key.id));
      if (!found) return null;
      const until = found.expiresAt === null ? null : Date.parse(found.expiresAt);
      return make(keyOf(found.hash), key.id, {}, until);
    },
    beginFor: ({ name, id, scopes }) => make(oidcKey, OIDC, { name, id, scopes }, null),
    async identify(text) {
      const kid = kidOf(text);
      if (kid === null) return { kind: 'invalid' };
      try {
        if (kid !== OIDC) return await identifyKey(text, kid);
        return secret === '' ? { kind: 'invalid' } : await identifySubject(text);
      } catch (reason) {
        if (reason instanceof StoreUnavailableError) return { kind: 'unavailable', reason };
        return { kind: 'invalid', reason: reason instanceof Error ? reason.message : 'unreadable' };
      }
    },
    isNew(text) {
      const kid = kidOf(text);
      return kid !== null && kid !== OIDC && !keyRing.knows(kid);
    },
  };
}

function kidOf(text: string): string | null {
  try {
    return decodeProtectedHeader(text).kid ?? null;
  } catch {
    // Not a token of any kind.
    return null;
  }
}
