import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import {
  createFolder,
  type Folder,
  OBSERVED_PROCESSES,
  startTestService,
  type TestService,
} from '../../support/service.ts';
import { type EngineBehindProxy, startEngineBehindProxy } from '../../support/service-engine.ts';

const ASYNC = { prefer: 'respond-async' };

describe('log lines about a process', () => {
  let folder: Folder;
  let engine: EngineBehindProxy;
  let service: TestService;
  const traces = new Map<string, string>();
  beforeAll(async () => {
    folder = createFolder();
    engine = await startEngineBehindProxy(join(folder.path, 'engine.db'));
    const settings = {
      LOG_LEVEL: 'debug',
      PROCESSES_DIR: OBSERVED_PROCESSES,
      CAMUNDA_BASE_URL: engine.url,
    };
    service = await startTestService(settings, folder);
    // What may happen to a process, all of it once.
    for (const how of ['ok', 'retry', 'business', 'technical']) await start(how, { how });
    engine.down();
    await start('late', { how: 'ok' }, ASYNC);
    await until(() => lines('late').some(({ msg }) => /job failed/.test(String(msg))), 'it fails');
    engine.up();
    await ended('late');
    await start('cancelled', { how: 'ok', gate: 'never' }, ASYNC);
    await until(() => lines('cancelled').some(({ step }) => step === 'call'), 'its step runs');
    await service.api.post('/api/process/cancelled/cancel', { json: {} });
    await until(() => hasLogged('cancelled', 'cancel-instance'), 'it is cancelled in the engine');
    engine.swallow(/\/external-task\/[^/]+\/(complete|extendLock|unlock)$/);
    await start('swallowed', { how: 'ok' }, ASYNC);
    await until(() => lines('swallowed').some(({ event }) => event === 'step-completed'), 'done');
    engine.swallow(null);
    await service.stop();
  });
  afterAll(async () => {
    await engine?.stop();
    folder?.remove();
  });

  async function start(correlationId: string, variables: object, headers = {}): Promise<void> {
    const { body } = await service.api.start('observed', variables, { correlationId }, headers);
    expect(body.correlationId).toBe(correlationId);
    const { body: trail } = await service.api.get(`/api/process/${correlationId}/events`);
    const traceparent = String(trail.events[0]?.identity.traceparent);
    traces.set(correlationId, traceparent.split('-')[1] ?? '');
  }

  function ended(correlationId: string): Promise<unknown> {
    return until(async () => (await service.api.status(correlationId)).status === 200, 'it ended');
  }

  const lines = (correlationId: string) =>
    service.log.filter((line) => line.correlationId === correlationId);
  const hasLogged = (correlationId: string, job: string) =>
    lines(correlationId).some((line) => line.job === job && line.outcome === 'ok');

  it('have its correlation id and its trace id, all of them', async () => {
    for (const [correlationId, traceId] of traces) {
      expect(traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(lines(correlationId).length, correlationId).toBeGreaterThan(3);
      for (const line of lines(correlationId))
        expect(line, JSON.stringify(line)).toMatchObject({ traceId });
    }
    // Nor does any line speak of a process by another of its names only.
    const aboutOne = ['taskId', 'eventId', 'processInstanceId', 'job', 'step'];
    for (const line of service.log) {
      const text = JSON.stringify(line);
      const names = aboutOne.some((field) => field in line);
      const quotes = [...traces].some(
        ([id, trace]) => text.includes(`"${id}"`) || text.includes(trace),
      );
      if (names || quotes) expect(traces.get(String(line.correlationId)), text).toBe(line.traceId);
    }
  });

  it('record its start, its jobs, its steps, their failures and its end', () => {
    const events = (id: string) => lines(id).flatMap(({ event }) => (event ? [event] : []));
    expect(events('ok')).toEqual(
      expect.arrayContaining([
        'process-requested',
        'process-started',
        'step-completed',
        'process-completed',
      ]),
    );
    expect(events('technical')).toContain('process-failed');
    expect(events('cancelled')).toContain('process-cancelled');
    const says = (id: string) => lines(id).map(({ msg }) => msg);
    expect(says('retry')).toEqual(expect.arrayContaining(['step failed', 'the step logs a line']));
    expect(says('late')).toContain('job failed, trying again');
    expect(hasLogged('ok', 'start-instance')).toBe(true);
  });
});
