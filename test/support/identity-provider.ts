import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

export interface IdentityProvider {
  jwksUrl: string;
  issuer: string;
  audience: string;
  /** How often its keys were read. */
  reads(): number;
  /** A token as it should be, with other claims, header or key where given. */
  token(options?: TokenOptions): Promise<string>;
  /** A new key that signs from now on; the old one is not published any more. */
  rotate(): Promise<void>;
  /** The public key of the set, as text: what an attacker has as well. */
  publicKeyText(): string;
  down(): void;
  up(): void;
  stop(): Promise<void>;
}

export interface TokenOptions {
  claims?: JWTPayload;
  expiresIn?: number;
  kid?: string;
  /** Signs with this key in place of the published one. */
  key?: CryptoKey;
}

/** A real identity provider as far as the service can see: keys over HTTP, and tokens signed with them. */
export async function startIdentityProvider(
  algorithm: 'RS256' | 'ES256' | 'EdDSA' = 'RS256',
): Promise<IdentityProvider> {
  const audience = 'fastify-camunda-test';
  let serial = 0;
  let reads = 0;
  let isDown = false;
  let current = await makeKey();

  async function makeKey() {
    const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
    const kid = `key-${++serial}`;
    const jwk = { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' };
    return { kid, privateKey, jwk };
  }

  const server = createServer((request, response) => {
    if (isDown) {
      request.socket.destroy();
      return;
    }
    reads++;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ keys: [current.jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
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
    down() {
      isDown = true;
      server.closeAllConnections();
    },
    up() {
      isDown = false;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
