import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../support/children.ts';
import { startServiceProcess } from '../support/commands.ts';
import { startLoad } from '../support/load.ts';
import { createFolder, expectWhole, readStreams } from '../support/service.ts';
import { startEngineBehindProxy } from '../support/service-engine.ts';
import { recordedRuns } from '../support/service-recorder.ts';

const ASYNC = { prefer: 'respond-async' };
const KILLS = 8;
/** The largest number of starts that are accepted before a kill. */
const MAX_ACCEPTED = 60;

describe('kill -9', () => {
  const cleanup: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  });

  it('G2: a worker killed after the journal write and before the completion runs the handler once', async () => {
    const folder = createFolder();
    cleanup.push(folder.remove);
    const engine = await startEngineBehindProxy(join(folder.path, 'engine.db'));
    cleanup.push(engine.stop);
    const settings = { CAMUNDA_BASE_URL: engine.url, LOCK_DURATION_MS: '1000' };
    const first = await startServiceProcess(folder, settings);
    cleanup.push(() => first.kill('SIGKILL'));
    engine.swallow(/\/external-task\/[^/]+\/complete$/);
    const swallowed = engine.swallowed();
    await first.api.start('counted', { number: 1 }, { correlationId: 'g2' }, ASYNC);
    await swallowed;
    first.kill('SIGKILL');
    expect(await first.ended).toBe('SIGKILL');
    const [before] = await readStreams(folder);
    expect(before?.events.filter(({ type }) => type === 'step-completed')).toHaveLength(1);

    engine.swallow(null);
    const second = await startServiceProcess(folder, settings);
    cleanup.push(() => second.kill('SIGKILL'));
    const { body } = await second.api.status('g2', { prefer: 'wait=25' });
    expect(body).toMatchObject({ status: 'ok', result: { number: 1 } });
    second.kill('SIGTERM');
    expect(await second.ended).toBe(0);
    expect(recordedRuns(folder.path).map(({ step }) => step)).toEqual(['one', 'two', 'three']);
    expectWhole(await readStreams(folder));
  });

  it('G10: a service killed at random points under load loses nothing and does nothing twice', async () => {
    const folder = createFolder();
    cleanup.push(folder.remove);
    const accepted: string[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const service = await startServiceProcess(folder, { LOG_LEVEL: 'info' });
      cleanup.push(() => service.kill('SIGKILL'));
      const variables = { number: kill, pause: 5 };
      const loads = ['respond-async', 'wait=20'].map((prefer) =>
        startLoad(service.url, { processKey: 'counted', variables, callers: 4, prefer }),
      );
      const enough = Math.floor(Math.random() * MAX_ACCEPTED);
      const count = () => loads.reduce((sum, load) => sum + load.accepted.length, 0);
      await until(() => count() >= enough, 'starts are accepted');
      service.kill('SIGKILL');
      await service.ended;
      for (const load of loads) {
        await load.stop();
        expect(load.refused).toEqual([]);
        accepted.push(...load.accepted);
      }
    }
    const last = await startServiceProcess(folder);
    cleanup.push(() => last.kill('SIGKILL'));
    for (const correlationId of accepted) {
      // G7: also right after the restart.
      const { status } = await last.api.status(correlationId);
      expect([200, 202]).toContain(status);
    }
    await until(
      async () => (await last.api.get('/api/process?status=pending')).body.processes.length === 0,
      'all have ended',
    );
    last.kill('SIGTERM');
    expect(await last.ended).toBe(0);
    const streams = await readStreams(folder);
    expect(accepted.length).toBeGreaterThan(KILLS);
    expect(streams.map(({ correlationId }) => correlationId)).toEqual(
      expect.arrayContaining(accepted),
    );
    expectWhole(streams);
    for (const { folded } of streams) expect(folded?.status).toBe('ok');
  }, 240_000);
});
