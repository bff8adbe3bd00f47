import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { openRedis } from '../../../infrastructure/redis/connection.ts';
import { accessWithKeys, bearer } from '../../support/access.ts';
import { until } from '../../support/children.ts';
import { type RunningRedis, startRedis } from '../../support/redis.ts';
import { type Parts, startParts } from '../../support/service-parts.ts';

describe('the rate limit of instances that share a Redis', () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  it('counts the calls of a caller together, and nothing while Redis is away', async () => {
    const redis: RunningRedis = await startRedis();
    closers.push(() => redis.stop());
    const prefix = `test-${randomUUID()}`;
    const instances = await Promise.all([start(redis.url, prefix), start(redis.url, prefix)]);
    const call = async (at: number): Promise<number> => {
      const one = instances[at];
      if (!one) throw new Error('no such instance');
      const { status } = await fetch(`${one.parts.api.url}/api/process`, {
        headers: one.headers(),
      });
      return status;
    };
    // The document was read once by each: the same name, so the same caller.
    expect([await call(0), await call(1), await call(0)]).toEqual([200, 200, 200]);
    expect([await call(0), await call(1)]).toEqual([429, 429]);
    await redis.stop();
    await until(async () => (await call(0)) === 200, 'answered without being counted');
    for (let nth = 0; nth < 10; nth++) expect(await call(1)).toBe(200);
  });

  async function start(url: string, prefix: string) {
    const client = openRedis(url, 'limiter', () => {});
    closers.push(() => client.disconnect());
    await until(() => client.status === 'ready', 'Redis is connected');
    const { made, makeAccess } = accessWithKeys({ caller: ['process:read'] });
    const headers = () => bearer({ text: made.caller?.text ?? '' });
    const parts: Parts = await startParts(undefined, {
      makeAccess,
      config: { RATE_LIMIT_PER_MINUTE: 5 },
      rateLimitRedis: { redis: client, prefix },
      get headers() {
        return headers();
      },
    });
    closers.push(() => parts.stop());
    return { parts, headers };
  }
});
