import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import type { ApiKeyStore, Scope } from '../../domain/access/access.ts';
import type { Database } from '../../infrastructure/sql/database.ts';
import { openSqliteDatabase } from '../../infrastructure/sqlite/database.ts';
import { type Access, createAccess } from '../../src/access/access.ts';
import { createKeyManager, type MadeKey } from '../../src/access/manage-keys.ts';
import { readConfig } from '../../src/config.ts';
import { startHttpServer } from './http-server.ts';
import type { Folder } from './service.ts';

/** Milliseconds for which the tested service caches a key: short, so that tests need not wait long. */
export const TEST_TTL_MS = 150;

export type KeyManager = ReturnType<typeof createKeyManager>;

/** Works on the API keys of a folder as the command does, over a connection of its own. */
export async function onKeys<T>(
  folder: Pick<Folder, 'file'>,
  work: (keys: KeyManager, store: ApiKeyStore) => Promise<T>,
): Promise<T> {
  const database = await openSqliteDatabase({
    file: folder.file,
    clock: Date.now,
    leaseMs: 0,
    onAppended: () => {},
  });
  try {
    return await work(createKeyManager(database, Date.now), database.apiKeys);
  } finally {
    await database.close();
  }
}

export function makeKey(folder: Pick<Folder, 'file'>, name: string, scopes: readonly Scope[]) {
  return onKeys(folder, (keys) => keys.create(name, scopes, null));
}

export function bearer({ text }: Pick<MadeKey, 'text'>): { authorization: string } {
  return { authorization: `Bearer ${text}` };
}

export function basic({ text }: Pick<MadeKey, 'text'>, user = 'me'): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${user}:${text}`).toString('base64')}` };
}

const log = { info: () => {}, warn: () => {}, debug: () => {} };

/** Access control with one new key for each name; `made` has the secrets of the keys. */
export function accessWithKeys(
  names: Record<string, readonly Scope[]>,
  env: Record<string, string> = {},
): {
  made: Record<string, MadeKey>;
  makeAccess: (database: Pick<Database, 'apiKeys' | 'auditLog'>) => Promise<Access>;
} {
  const made: Record<string, MadeKey> = {};
  return {
    made,
    async makeAccess(database) {
      const keys = createKeyManager(database, Date.now);
      for (const [name, scopes] of Object.entries(names)) {
        made[name] = await keys.create(name, scopes, null);
      }
      const config = readConfig({ AUTH: 'on', ...env });
      return createAccess({
        config,
        store: database.apiKeys,
        clock: Date.now,
        log,
        ttlMs: TEST_TTL_MS,
      });
    },
  };
}

export interface IdentityProvider {
  jwksUrl: string;
  issuer: string;
  audience: string;
  /** How often a client has read the keys. */
  reads(): number;
  /** A valid token, unless the options change its claims, header or key. */
  token(options?: TokenOptions): Promise<string>;
  /** Replaces the signing key; the old one is not published any more. */
  rotate(): Promise<void>;
  /** The published public key as text, which an attacker can read as well. */
  publicKeyText(): string;
  down(): void;
  up(): void;
  stop(): Promise<void>;
}

export interface TokenOptions {
  claims?: JWTPayload;
  expiresIn?: number;
  kid?: string;
  /** Signs with this key instead of the published one. */
  key?: CryptoKey;
}

/** An identity provider as the service needs it: it publishes keys over HTTP and signs tokens with them. */
export async function startIdentityProvider(
  algorithm: 'RS256' | 'ES256' | 'EdDSA' = 'RS256',
): Promise<IdentityProvider> {
  const audience = 'fastify-camunda-test';
  let serial = 0;
  let reads = 0;
  let current = await makeKey();

  async function makeKey() {
    const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
    const kid = `key-${++serial}`;
    const jwk = { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' };
    return { kid, privateKey, jwk };
  }

  const server = await startHttpServer((_request, response) => {
    reads++;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ keys: [current.jwk] }));
  });
  const issuer = server.origin;
  return {
    jwksUrl: `${issuer}/jwks.json`,
    issuer,
    audience,
    reads: () => reads,
    async token({
      claims = {},
      expiresIn = 300,
      kid = current.kid,
      key = current.privateKey,
    } = {}) {
      const now = Math.floor(Date.now() / 1_000);
      return new SignJWT({
        iss: issuer,
        aud: audience,
        sub: 'ada',
        scope: 'process:start process:read',
        iat: now,
        exp: now + expiresIn,
        ...claims,
      })
        .setProtectedHeader({ alg: algorithm, kid })
        .sign(key);
    },
    async rotate() {
      current = await makeKey();
    },
    publicKeyText: () => JSON.stringify(current.jwk),
    down: server.down,
    up: server.up,
    stop: server.stop,
  };
}

/** A self-signed certificate for 127.0.0.1 and localhost, and its key: for tests only. */
export const selfSigned = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBmzCCAUCgAwIBAgITbkzZnWrB+4TbuRmYHTQnQm3+CzAKBggqhkjOPQQDAjAU
MRIwEAYDVQQDDAlsb2NhbGhvc3QwIBcNMjYxMTI1MDAyMjA0WhgPMjEyNjExMDEw
MDIyMDRaMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49
AwEHA0IABNxZoWt26fKVPQBIA4dRgDvvzgNksx/SGJwX/YDRzZsOYEMX22mYA+fY
qp69GLD2ZiBJKNmaKeDLx/ygUFN5q/ajbzBtMB0GA1UdDgQWBBSQ6F0fjeano83+
SpPSdgOUpgunYzAfBgNVHSMEGDAWgBSQ6F0fjeano83+SpPSdgOUpgunYzAPBgNV
HRMBAf8EBTADAQH/MBoGA1UdEQQTMBGHBH8AAAGCCWxvY2FsaG9zdDAKBggqhkjO
PQQDAgNJADBGAiEAqEWR1WH+ZHEADYEdtN2WVoYggNNPO1wa43R49N787VkCIQCH
QZFLe5kFBNzoPkjKCRAY+ou1Xhq/vmGtuAWR9Y730g==
-----END CERTIFICATE-----`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgeRx2ujzrKSOlJL7E
8kiUEfuwBxE7ZbeOILHYrs+hPbuhRANCAATcWaFrdunylT0ASAOHUYA7784DZLMf
0hicF/2A0c2bDmBDF9tpmAPn2KqevRiw9mYgSSjZmingy8f8oFBTeav2
-----END PRIVATE KEY-----`,
};
