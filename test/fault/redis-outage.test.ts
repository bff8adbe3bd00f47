import { afterEach, describe, expect, it } from 'vitest';
import { freePort, until } from '../support/children.ts';
import { startLoad } from '../support/load.ts';
import { startRedis } from '../support/redis.ts';
import { serverUrl } from '../support/servers.ts';
import { createFolder, expectWhole, readStreams, startTestService } from '../support/service.ts';

describe.skipIf((await serverUrl('redis')) === null)('Redis killed and restarted', () => {
  const cleanup: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  });

  it('G10: while Redis is away starts are accepted, and when it is back they continue and nothing is lost', async () => {
    const folder = createFolder();
    cleanup.push(folder.remove);
    const port = await freePort();
    // With an append-only file Redis keeps the jobs that it has acknowledged, as in production.
    let redis = await startRedis(port, folder.path);
    cleanup.push(() => redis.stop());
    const service = await startTestService(
      // No limit by the rate at which starts begin: on a slow machine that is reached when Redis is back.
      { REDIS_URL: redis.url, LOG_LEVEL: 'fatal', JOB_LOCK_MS: '2000', START_DELAY_MAX_MS: '0' },
      folder,
    );
    cleanup.push(service.stop);
    const { api } = service;
    const load = startLoad(service.url, {
      processKey: 'counted',
      variables: { number: 1, pause: 5 },
      callers: 4,
      prefer: 'respond-async',
    });
    await until(() => load.accepted.length >= 40, 'there is load');
    process.kill(redis.pid, 'SIGKILL');
    await until(async () => {
      const { status, body } = await api.get('/health/ready');
      return status === 503 && body.checks.queue !== 'ok' && body.checks.database === 'ok';
    }, 'the service is not ready and names the queue');
    const before = load.accepted.length;
    await until(() => load.accepted.length >= before + 20, 'starts are accepted without Redis');
    let awaited = 0;
    // Those that found a free slot run here, and the others wait for Redis.
    await until(async () => {
      const { status } = await api.start('counted', { number: 1 }, {}, { prefer: 'wait=1' });
      awaited++;
      return status === 200;
    }, 'a caller gets a result without Redis');
    redis = await startRedis(port, folder.path);
    await load.stop();
    expect(load.refused).toEqual([]);
    // BullMQ finds jobs that ran when Redis died as stalled ones.
    await until(async () => {
      const { body } = await api.get('/api/process?status=ok&limit=1000');
      return body.processes.length >= Math.min(1_000, load.accepted.length);
    }, 'all have ended');
    for (const correlationId of load.accepted) {
      const { body } = await api.status(correlationId, { prefer: 'wait=25' });
      expect(body.status).toBe('ok');
    }
    expect((await api.get('/health/ready')).status).toBe(200);
    await service.stop();
    const streams = await readStreams(folder);
    expect(streams).toHaveLength(load.accepted.length + awaited);
    expectWhole(streams);
  }, 240_000);
});
