import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../support/children.ts';
import { startServiceProcess } from '../support/commands.ts';
import { serverUrl } from '../support/servers.ts';
import { createFolder, expectWhole, queryValue, readStreams } from '../support/service.ts';
import { startEngineBehindProxy } from '../support/service-engine.ts';
import { recordedRuns } from '../support/service-recorder.ts';

const redisUrl = await serverUrl('redis');

describe.skipIf(redisUrl === null)('a service with Redis killed during a start', () => {
  const cleanup: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  });

  it('G10: the next service starts the instance, once', async () => {
    const folder = createFolder();
    cleanup.push(folder.remove);
    const engine = await startEngineBehindProxy(join(folder.path, 'engine.db'));
    cleanup.push(engine.stop);
    const settings = {
      CAMUNDA_BASE_URL: engine.url,
      REDIS_URL: redisUrl ?? '',
      REDIS_PREFIX: `start-killed-${process.pid}`,
      OUTBOX_LEASE_MS: '1000',
      // The reconciler would find the process as well, later.
      RECONCILE_EVERY_MS: '0',
    };
    const first = await startServiceProcess(folder, settings);
    cleanup.push(() => first.kill('SIGKILL'));
    const start = (correlationId: string, prefer: string) =>
      first.api.start('counted', { number: 1 }, { correlationId }, { prefer });
    engine.swallow(/\/process-definition\/key\/[^/]+\/start$/);
    const swallowed = engine.swallowed();
    await start('killed', 'respond-async');
    await swallowed;
    engine.swallow(null);
    // All rows of a later process are deleted, and that of the start which runs would be as well.
    expect((await start('later', 'wait=25')).status).toBe(200);
    await until(
      () => Number(queryValue(folder, 'SELECT COUNT(*) FROM outbox')) <= 1,
      'all other jobs are done',
    );
    first.kill('SIGKILL');
    expect(await first.ended).toBe('SIGKILL');

    const second = await startServiceProcess(folder, settings);
    cleanup.push(() => second.kill('SIGKILL'));
    const { body } = await second.api.status('killed', { prefer: 'wait=25' });
    expect(body).toMatchObject({ status: 'ok', result: { number: 1 } });
    second.kill('SIGTERM');
    expect(await second.ended).toBe(0);
    const steps = ['one', 'two', 'three'];
    expect(recordedRuns(folder.path).map(({ step }) => step)).toEqual([...steps, ...steps]);
    const streams = await readStreams(folder);
    expectWhole(streams);
    for (const { events } of streams) {
      expect(events.filter(({ type }) => type === 'process-started')).toHaveLength(1);
    }
  });
});
