import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../support/children.ts';
import { type ServiceProcess, startServiceProcess } from '../support/commands.ts';
import { createFolder, readStreams } from '../support/service.ts';

const PROCESSES = 2_000;
const KILLS = 20;

interface Run {
  id: string;
  status: string;
  found: number;
  done: number;
  failed: number;
  left: number;
}

describe('a bulk run', () => {
  const cleanup: (() => unknown)[] = [];
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  });

  it(`cancels ${PROCESSES} processes, each once, over ${KILLS} kills with -9`, {
    timeout: 600_000,
  }, async () => {
    const folder = createFolder();
    cleanup.push(folder.remove);
    const start = async (): Promise<ServiceProcess> => {
      const service = await startServiceProcess(folder, {
        WORKER_CONCURRENCY: '10',
        START_DELAY_MAX_MS: '0',
      });
      cleanup.push(() => service.kill('SIGKILL'));
      return service;
    };
    let service = await start();
    const ids = Array.from({ length: PROCESSES }, (_, at) => `p-${at}`);
    for (let at = 0; at < PROCESSES; at += 1_000) {
      const starts = ids.slice(at, at + 1_000).map((correlationId) => ({
        processKey: 'gated',
        correlationId,
        variables: { gate: 'never' },
      }));
      const { body } = await service.api.post('/api/process/start-many', { json: { starts } });
      const { answers } = body as unknown as { answers: { status: number }[] };
      const statuses = answers.map(({ status }) => status);
      expect(new Set(statuses)).toEqual(new Set([202]));
    }
    // At once: those that are not in the list yet are meant, too.
    const json = {
      action: 'cancel',
      filter: { process: 'gated' },
      reason: 'ordered twice',
      maxPerSecond: 400,
    };
    const answer = await service.api.post('/api/admin/bulk', { json });
    expect(answer.status).toBe(202);
    const { id } = answer.body as unknown as Run;
    const look = async () =>
      (await service.api.get(`/api/admin/bulk/${id}`)).body as unknown as Run;

    let acted = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      await until(async () => {
        const run = await look();
        const now = run.done + run.failed;
        if (now <= acted && run.status !== 'done') return false;
        acted = now;
        return true;
      }, 'it continues');
      service.kill('SIGKILL');
      await service.ended;
      service = await start();
    }
    expect((await look()).left, 'it was killed before its end').toBeGreaterThan(0);
    await until(async () => (await look()).status === 'done', 'it is done', 180_000);
    expect(await look()).toMatchObject({ found: PROCESSES, done: PROCESSES, failed: 0, left: 0 });
    service.kill('SIGTERM');
    await service.ended;
    const streams = await readStreams(folder);
    expect(streams).toHaveLength(PROCESSES);
    for (const { correlationId, events } of streams) {
      const ends = events.filter(({ type }) => type === 'process-cancelled');
      expect(ends.length, correlationId).toBe(1);
      expect(ends[0]?.data, correlationId).toMatchObject({ bulkId: id });
    }
  });
});
