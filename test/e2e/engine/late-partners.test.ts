import { afterEach, describe, expect, it } from 'vitest';
import { freePort, until } from '../../support/children.ts';
import { copyProcesses } from '../../support/process-folders.ts';
import { startRedis } from '../../support/redis.ts';
import { serverUrl } from '../../support/servers.ts';
import { createFolder, startTestService } from '../../support/service.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';

const engineUrl = await serverUrl('operaton');
const hasRedis = (await serverUrl('redis')) !== null;
const ASYNC = { prefer: 'respond-async' };

describe('a service whose partners come later', { timeout: 600_000 }, () => {
  const cleanup: (() => unknown)[] = [];
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  });

  async function serve(settings: Record<string, string>, folder = createFolder()) {
    const service = await startTestService(settings, folder);
    cleanup.push(folder.remove, () => service.stop());
    return service;
  }

  type Service = Awaited<ReturnType<typeof serve>>;
  const readiness = ({ api }: Service) => api.get('/health/ready');
  const isReady = async (service: Service) => (await readiness(service)).status === 200;

  it.skipIf(!hasRedis).each(['api,worker,relay,projector,retention', 'api'])(
    'G10: starts without Redis with the roles %s, says so, accepts starts, and continues when Redis comes',
    async (ROLES) => {
      const port = await freePort();
      const service = await serve({ REDIS_URL: `redis://:secret@127.0.0.1:${port}`, ROLES });
      expect((await service.api.get('/health/live')).status).toBe(200);
      const { status, body } = await readiness(service);
      expect(status).toBe(503);
      expect(body.checks.queue).toMatch(/^REDIS_URL: cannot use redis:.*ECONNREFUSED/);
      expect(body.checks.queue).not.toContain('secret');
      const body1 = { correlationId: 'early' };
      expect((await service.api.start('counted', { number: 1 }, body1, ASYNC)).status).toBe(202);
      const queues = async () => {
        const answer = await fetch(`${service.url}/admin/queues/api/queues`);
        return ((await answer.json()) as { queues?: unknown[] }).queues?.length ?? 0;
      };

      const redis = await startRedis(port, undefined, ['--requirepass', 'secret']);
      cleanup.unshift(() => redis.stop());
      await until(() => isReady(service), 'it is ready');
      expect(await queues()).toBeGreaterThan(4);
      if (ROLES === 'api') return;
      const { body: ended } = await service.api.status('early', { prefer: 'wait=25' });
      expect(ended).toMatchObject({ status: 'ok', result: { number: 1 } });
    },
  );

  it.skipIf(engineUrl === null || !hasRedis).each(['api,worker,relay,projector,retention', 'api'])(
    'G10: starts without the engine with the roles %s, says so, accepts starts, and continues when the engine comes',
    async (ROLES) => {
      const real = new URL(engineUrl ?? '');
      const way = await startTcpProxy({ host: real.hostname, port: Number(real.port) });
      cleanup.push(way.stop);
      await way.cut();
      const redis = await startRedis();
      cleanup.push(() => redis.stop());
      const folder = createFolder();
      const copies = copyProcesses(folder.path, ['counted']);
      cleanup.push(() => copies.removeFrom(engineUrl ?? ''));
      const service = await serve(
        {
          CAMUNDA_BASE_URL: `http://127.0.0.1:${way.port}${real.pathname}`,
          PROCESSES_DIR: copies.directory,
          REDIS_URL: redis.url,
          ROLES,
        },
        folder,
      );
      expect((await service.api.get('/health/live')).status).toBe(200);
      const { status, body } = await readiness(service);
      expect(status).toBe(503);
      expect(body.checks).toMatchObject({ database: 'ok' });
      expect(body.checks.engine).toMatch(/^CAMUNDA_BASE_URL: nothing listens at .*ECONNREFUSED/);
      const key = copies.key('counted');
      const early = { correlationId: `early-${key}` };
      expect((await service.api.start(key, { number: 1 }, early, ASYNC)).status).toBe(202);

      await way.heal();
      await until(() => isReady(service), 'it is ready');
      if (ROLES === 'api') return;
      const { body: ended } = await service.api.status(early.correlationId, { prefer: 'wait=25' });
      expect(ended).toMatchObject({ status: 'ok', result: { number: 1 } });
    },
  );

  it.skipIf(!hasRedis)(
    'names in readiness a Redis that comes and does not fit, until one comes that does',
    async () => {
      const port = await freePort();
      const service = await serve({ REDIS_URL: `redis://127.0.0.1:${port}` });
      const locked = await startRedis(port, undefined, ['--requirepass', 'secret']);
      const asks = /requires a password/;
      await until(
        async () => asks.test((await readiness(service)).body.checks.queue ?? ''),
        'it is named',
      );
      await locked.stop();
      const redis = await startRedis(port);
      cleanup.unshift(() => redis.stop());
      await until(() => isReady(service), 'it is ready');
    },
  );
});
