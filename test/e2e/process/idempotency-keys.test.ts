import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { createKeyManager } from '../../../src/access/manage-keys.ts';
import {
  accessWithKeys,
  bearer,
  type IdentityProvider,
  startIdentityProvider,
} from '../../support/access.ts';
import { expectProblem } from '../../support/service-api.ts';
import { type Parts, startParts } from '../../support/service-parts.ts';

const KEY = 'order-4711';
const ada = { userId: '42', email: 'ada@example.com' };
const bob = { userId: '43', email: 'bob@example.com' };

describe('an idempotency key', () => {
  let parts: Parts | undefined;
  let idp: IdentityProvider | undefined;
  afterEach(async () => {
    await parts?.stop();
    await idp?.stop();
    [parts, idp] = [undefined, undefined];
  });

  async function open() {
    const provider = await startIdentityProvider('ES256');
    idp = provider;
    const { made, makeAccess } = accessWithKeys(
      { ada: ['process:start'], bob: ['process:start'], admin: ['admin'] },
      {
        JWT_JWKS_URL: provider.jwksUrl,
        JWT_ISSUER: provider.issuer,
        JWT_AUDIENCE: provider.audience,
      },
    );
    const opened = await startParts(undefined, {
      makeAccess,
      get headers() {
        return bearer(made.admin ?? { text: '' });
      },
    });
    parts = opened;
    const start = (text: string, variables: typeof ada) => {
      const headers = { ...bearer({ text }), prefer: 'respond-async', 'idempotency-key': KEY };
      return opened.api.start('instant', variables, {}, headers);
    };
    return { opened, provider, start, key: (name: string) => made[name]?.text ?? '' };
  }

  it('counts per caller: another’s start with the same key and body is a process of its own', async () => {
    const { provider, start, key } = await open();
    const token = (sub: string) => provider.token({ claims: { sub, scope: 'process:start' } });
    const callers = [key('ada'), key('bob'), await token('ada'), await token('eve')];
    const ids = [];
    for (const caller of callers) ids.push((await start(caller, ada)).body.correlationId);
    expect(new Set(ids).size).toBe(callers.length);
    for (const [at, caller] of callers.entries()) {
      expect((await start(caller, ada)).body.correlationId).toBe(ids[at]);
    }
    // A later token of the same subject is the same caller.
    expect((await start(await token('eve'), ada)).body.correlationId).toBe(ids[3]);
  });

  it('reveals nothing about the process of another caller that has it', async () => {
    const { start, key } = await open();
    const own = await start(key('ada'), ada);
    const other = await start(key('bob'), bob);
    expect(other.status).toBe(202);
    expect(other.body.correlationId).not.toBe(own.body.correlationId);
    const conflict = await start(key('bob'), ada);
    expect(conflict.status).toBe(409);
    expectProblem(conflict, 'conflict', /was used before/);
    expect(conflict.text).not.toContain(own.body.correlationId);
  });

  it('outlives the rotation of its API key', async () => {
    const { opened, start, key } = await open();
    const first = await start(key('ada'), ada);
    const rotated = await createKeyManager(opened.database, Date.now).rotate('ada', null);
    const again = await start(rotated.text, ada);
    expect(again.body.correlationId).toBe(first.body.correlationId);
  });

  it('counts for everybody without access control, and as in earlier releases', async () => {
    parts = await startParts();
    const { api, database } = parts;
    const headers = { prefer: 'respond-async', 'idempotency-key': KEY };
    const [one, two] = [
      await api.start('instant', ada, {}, headers),
      await api.start('instant', ada, {}, headers),
    ];
    expect(two.body.correlationId).toBe(one.body.correlationId);
    const [request] = await database.eventStore.readStream(one.body.correlationId);
    const hash = createHash('sha256').update(KEY).digest('hex');
    expect(request?.dedupeKey).toBe(`idempotency:${hash}`);
  });
});
