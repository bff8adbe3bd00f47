import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../support/children.ts';
import { type ServiceProcess, startServiceProcess } from '../support/commands.ts';
import { createFolder, readStreams } from '../support/service.ts';

const PROCESSES = 40;

describe('processes that wait for their time', () => {
  const cleanup: (() => unknown)[] = [];
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  });

  it('G10: begin once each, though the service is killed before it and in the middle of it', {
    timeout: 120_000,
  }, async () => {
    const folder = createFolder();
    cleanup.push(folder.remove);
    const start = async (): Promise<ServiceProcess> => {
      const service = await startServiceProcess(folder);
      cleanup.push(() => service.kill('SIGKILL'));
      return service;
    };
    let service = await start();
    const startAt = new Date(Date.now() + 3_000).toISOString();
    const starts = Array.from({ length: PROCESSES }, (_, number) => ({
      processKey: 'counted',
      correlationId: `later-${number}`,
      startAt,
      variables: { number },
    }));
    const answer = await service.api.post('/api/process/start-many', { json: { starts } });
    expect(answer.status).toBe(200);
    // Accepted, and perhaps not projected yet.
    service.kill('SIGKILL');
    await service.ended;

    service = await start();
    const begun = async () => {
      const { body } = await service.api.get('/api/events?limit=1000');
      return body.events.filter(({ type }) => type === 'process-started').length;
    };
    await until(async () => (await begun()) > 0, 'the first have begun');
    service.kill('SIGKILL');
    await service.ended;

    service = await start();
    await until(async () => {
      const { body } = await service.api.get('/api/process?status=ok&limit=1000');
      return body.processes.length === PROCESSES;
    }, 'all have ended');
    service.kill('SIGTERM');
    await service.ended;
    const streams = await readStreams(folder);
    expect(streams).toHaveLength(PROCESSES);
    for (const { correlationId, events, folded, projected } of streams) {
      const starts = events.filter(({ type }) => type === 'process-started');
      expect(starts.length, correlationId).toBe(1);
      expect((starts[0]?.createdAt ?? '') >= startAt, correlationId).toBe(true);
      expect(projected, correlationId).toEqual(folded);
    }
  });
});
