import { generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  accessWithKeys,
  type IdentityProvider,
  startIdentityProvider,
} from '../../support/access.ts';
import { until } from '../../support/children.ts';
import { requested, started } from '../../support/events.ts';
import { expectProblem } from '../../support/service-api.ts';
import { type Parts, startParts } from '../../support/service-parts.ts';
import { followEvents } from '../../support/sse.ts';

describe.each(['RS256', 'ES256', 'EdDSA'] as const)('tokens signed with %s', (algorithm) => {
  let idp: IdentityProvider;
  let parts: Parts;
  beforeAll(async () => {
    idp = await startIdentityProvider(algorithm);
    parts = await partsFor(idp);
  });
  afterAll(async () => {
    await parts?.stop();
    await idp?.stop();
  });

  const list = (token: string) =>
    parts.api.get('/api/process', { headers: { authorization: `Bearer ${token}` } });

  it('let in a caller who has the scope, and only for that', async () => {
    const token = await idp.token();
    expect((await list(token)).status).toBe(200);
    expect((await list(await idp.token({ claims: { scope: 'events:read' } }))).status).toBe(403);
    expect((await list(await idp.token({ claims: { scope: 'admin' } }))).status).toBe(200);
    // 255 characters, each of two UTF-16 units.
    expect((await list(await idp.token({ claims: { sub: '😀'.repeat(255) } }))).status).toBe(200);
  });

  it('are refused alike whatever is wrong with them', async () => {
    const now = Math.floor(Date.now() / 1_000);
    const stranger = (await generateKeyPair(algorithm)).privateKey;
    const claims = {
      iss: idp.issuer,
      aud: idp.audience,
      sub: 'eve',
      scope: 'admin',
      exp: now + 60,
    };
    const good = await idp.token();
    const [head = '', , signature = ''] = good.split('.');
    const otherBody = Buffer.from(JSON.stringify(claims)).toString('base64url');
    const wrong: Record<string, string> = {
      expired: await idp.token({ expiresIn: -60 }),
      'not yet valid': await idp.token({ claims: { nbf: now + 60 } }),
      'without an end': await idp.token({ claims: { exp: undefined } }),
      'without a subject': await idp.token({ claims: { sub: undefined } }),
      'with an empty subject': await idp.token({ claims: { sub: '' } }),
      'with a blank subject': await idp.token({ claims: { sub: ' \t\u00a0\u200b' } }),
      'with a number as its subject': await idp.token({ claims: { sub: 7 as never } }),
      'with a list as its subject': await idp.token({ claims: { sub: ['ada'] as never } }),
      'with a longer subject than is kept': await idp.token({ claims: { sub: 'a'.repeat(256) } }),
      'with a subject that is not Unicode': await idp.token({ claims: { sub: 'ada\ud800' } }),
      'of another issuer': await idp.token({ claims: { iss: 'https://elsewhere.example' } }),
      'for another audience': await idp.token({ claims: { aud: 'another-service' } }),
      'without an audience': await idp.token({ claims: { aud: undefined } }),
      'signed by somebody else': await idp.token({ key: stranger }),
      'with an unknown key': await idp.token({ kid: 'key-0', key: stranger }),
      'with other claims': `${head}.${otherBody}.${signature}`,
      'cut short': good.slice(0, -4),
      unsigned: new UnsecuredJWT(claims).encode(),
      'unsigned, with a signature': `${new UnsecuredJWT(claims).encode()}${signature}`,
      'signed with the public key as a secret': await new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', kid: 'key-1' })
        .sign(new TextEncoder().encode(idp.publicKeyText())),
      'no token at all': 'abc',
      'too long': `${head}.${'a'.repeat(12_000)}.${signature}`,
    };
    const bodies = new Set<string>();
    for (const [what, token] of Object.entries(wrong)) {
      const answer = await list(token);
      expect(answer.status, what).toBe(401);
      expectProblem(answer, 'unauthorized');
      expect(answer.headers.get('www-authenticate'), what).toBe(
        'Bearer realm="fastify-camunda", error="invalid_token"',
      );
      bodies.add(answer.text);
    }
    expect(bodies.size).toBe(1);
    expect((await list(good)).status).toBe(200);
  });

  it('may have their scopes in a list, or in scp', async () => {
    for (const claims of [
      { scope: ['process:read', 'openid'] },
      { scope: undefined, scp: ['process:read'] },
      { scope: undefined, scp: 'openid process:read' },
    ]) {
      expect((await list(await idp.token({ claims }))).status, JSON.stringify(claims)).toBe(200);
    }
    for (const scope of [undefined, '', 'process:reader', { 'process:read': true }, 7]) {
      expect((await list(await idp.token({ claims: { scope } }))).status).toBe(403);
    }
  });
});

describe.concurrent('the identity provider', () => {
  it('may change its keys: the new one works, the old one does not', async () => {
    const idp = await startIdentityProvider();
    const parts = await partsFor(idp);
    const status = async (token: string) =>
      (await parts.api.get('/api/process', { headers: { authorization: `Bearer ${token}` } }))
        .status;
    try {
      expect(await status(await idp.token())).toBe(200);
      const oldKey = await idp.token({ claims: { jti: 'another one' } });
      await idp.rotate();
      const fresh = await idp.token();
      // The key set was read just now, and is not read again for every unknown key.
      const before = idp.reads();
      await Promise.all(Array.from({ length: 20 }, () => status(fresh)));
      expect(idp.reads() - before).toBeLessThanOrEqual(1);
      await until(async () => (await status(fresh)) === 200, 'the new key works');
      expect(await status(oldKey)).toBe(401);
    } finally {
      await parts.stop();
      await idp.stop();
    }
  });

  it('may be away: the service runs, known keys work, other tokens get 503', async () => {
    const idp = await startIdentityProvider();
    const stranger = (await generateKeyPair('RS256')).privateKey;
    idp.down();
    const parts = await partsFor(idp);
    const call = (token: string) =>
      parts.api.get('/api/process', { headers: { authorization: `Bearer ${token}` } });
    try {
      const early = await call(await idp.token());
      expect(early.status).toBe(503);
      expectProblem(early, 'unavailable');
      expect(Number(early.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await fetch(`${parts.api.url}/health/live`)).status).toBe(200);
      idp.up();
      await until(async () => (await call(await idp.token())).status === 200, 'it works again');
      idp.down();
      expect((await call(await idp.token({ claims: { jti: 'new' } }))).status).toBe(200);
      // Its key may be a new one, which nobody can know now; it is never let in.
      const unknown = await idp.token({ kid: 'key-9', key: stranger });
      await until(async () => {
        const { status } = await call(unknown);
        expect([401, 503]).toContain(status);
        return status === 503;
      }, 'a key that is looked for and cannot be read');
      expect((await call(await idp.token({ claims: { jti: 'newer' } }))).status).toBe(200);
    } finally {
      await parts.stop();
      await idp.stop();
    }
  });

  it('decides by the expiry of the token how long an event stream stays open', async () => {
    const idp = await startIdentityProvider();
    const parts = await partsFor(idp, { JWT_CLOCK_TOLERANCE_SECONDS: '0' });
    try {
      await parts.database.eventStore.append('streamed', [requested()]);
      const [short, long] = await Promise.all(
        [2, 300].map(async (expiresIn) => {
          const token = await idp.token({ claims: { scope: 'events:read' }, expiresIn });
          return followEvents(`${parts.api.url}/api/process/streamed/events`, undefined, {
            authorization: `Bearer ${token}`,
          });
        }),
      );
      expect([short?.status, long?.status]).toEqual([200, 200]);
      await until(() => short?.events.length === 1, 'the stream has begun');
      await short?.ended;
      // The other stream continues.
      await parts.advance('streamed', started());
      await until(() => long?.events.length === 2, 'the other stream continues');
      long?.close();
    } finally {
      await parts.stop();
      await idp.stop();
    }
  });
});

function partsFor(idp: IdentityProvider, env: Record<string, string> = {}): Promise<Parts> {
  const { made, makeAccess } = accessWithKeys(
    { documents: [] },
    { JWT_JWKS_URL: idp.jwksUrl, JWT_ISSUER: idp.issuer, JWT_AUDIENCE: idp.audience, ...env },
  );
  return startParts(undefined, {
    makeAccess,
    get headers() {
      return { 'x-api-key': '', authorization: `Bearer ${made.documents?.text}` };
    },
  });
}
