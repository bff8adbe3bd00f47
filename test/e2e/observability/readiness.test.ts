import { setTimeout as sleep } from 'node:timers/promises';
import Fastify from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import { afterEach, describe, expect, it } from 'vitest';
import type { HealthCheck } from '../../../src/http/parts/server-parts.ts';
import { healthRoutes } from '../../../src/http/routes/health.ts';
import { until } from '../../support/children.ts';
import { createFolder, startTestService } from '../../support/service.ts';
import { startEngineBehindProxy } from '../../support/service-engine.ts';

describe('the endpoint /health/ready', () => {
  const close: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const step of close.splice(0)) await step();
  });

  async function probe(checks: Record<string, HealthCheck>) {
    const app = Fastify();
    app.setValidatorCompiler(validatorCompiler);
    app.setSerializerCompiler(() => (data) => JSON.stringify(data));
    await app.register(healthRoutes, { operations: { checks, stopping: () => false } });
    close.push(() => app.close());
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    return async () => {
      const answer = await fetch(`${url}/health/ready`);
      return { status: answer.status, body: (await answer.json()) as { checks: object } };
    };
  }

  it('names the dependency that is away, with a reason that holds no password', async () => {
    const ask = await probe({
      database: async () => 'fine',
      engine: async () => {
        throw new Error('the engine at http://user:secret@host/engine-rest cannot be reached');
      },
    });
    const { status, body } = await ask();
    expect(status).toBe(503);
    expect(body.checks).toEqual({
      database: 'ok',
      engine: 'the engine at http://user:***@host/engine-rest cannot be reached',
    });
  });

  it('asks each dependency once for many probes at a time, and answers though one hangs', async () => {
    let asked = 0;
    const ask = await probe({
      database: () => {
        asked++;
        return new Promise(() => {});
      },
    });
    const began = performance.now();
    const answers = await Promise.all([ask(), ask(), ask()]);
    expect(performance.now() - began).toBeLessThan(30_000);
    for (const { body } of answers)
      expect(body.checks).toEqual({ database: 'no answer in 2000 ms' });
    expect(asked).toBe(1);
  });

  it('G14: answers what was well a moment ago while it asks again, and not for longer', async () => {
    let hangs = false;
    const ask = await probe({
      database: async () => {
        if (hangs) await new Promise(() => {});
      },
    });
    await until(async () => {
      hangs = false;
      if ((await ask()).status !== 200) return false;
      hangs = true;
      // A stalled machine may take too long from one probe to the next.
      return (await ask()).status === 200;
    }, 'a probe is answered although the database hangs');
    hangs = false;
    await until(async () => (await ask()).status === 200, 'it is ready again');
    hangs = true;
    // Longer than an answer is given again, and without a probe that would ask meanwhile.
    await sleep(1_100);
    const { status, body } = await ask();
    expect(status).toBe(503);
    expect(body.checks).toEqual({ database: 'no answer in 2000 ms' });
  });
});

describe('readiness of a service whose engine is busy', () => {
  const cleanup: (() => unknown)[] = [];
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  });

  it('G14: does not wait for the engine while that answers the polls of the worker, and notices when it answers none', async () => {
    const folder = createFolder();
    cleanup.push(folder.remove);
    const engine = await startEngineBehindProxy(`${folder.path}/engine.db`);
    cleanup.push(engine.stop);
    const service = await startTestService({ CAMUNDA_BASE_URL: engine.url }, folder);
    cleanup.push(service.stop);
    const probe = () => service.api.get('/health/ready');

    engine.swallow(/\/version$/);
    await until(async () => (await probe()).status === 200, 'it is ready');

    engine.swallow(/\/(version|fetchAndLock)$/);
    const { checks } = await until(async () => {
      const { status, body } = await probe();
      return status === 503 && body;
    }, 'it is not ready');
    expect(checks).toMatchObject({ database: 'ok', queue: 'ok', engine: 'no answer in 2000 ms' });

    engine.swallow(null);
    await until(async () => (await probe()).status === 200, 'it is ready again');
  });
});
