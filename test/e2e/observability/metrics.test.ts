import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobCounts } from '../../../domain/outbox/queue.ts';
import { rollupLag } from '../../../domain/rollups/rollup-lag.ts';
import { createMetrics } from '../../../infrastructure/observability/metrics.ts';
import { createReadings } from '../../../infrastructure/observability/readings.ts';
import { readConfig } from '../../../src/config.ts';
import { startService } from '../../../src/service.ts';
import { until } from '../../support/children.ts';
import { databaseKinds } from '../../support/databases.ts';
import { readMetrics } from '../../support/metrics.ts';
import { serverUrl } from '../../support/servers.ts';
import {
  createFolder,
  OBSERVED_PROCESSES,
  settingsFor,
  startTestService,
  type TestService,
  untilRelayed,
} from '../../support/service.ts';

const ASYNC = { prefer: 'respond-async' };

describe('the endpoint /metrics', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService({ PROCESSES_DIR: OBSERVED_PROCESSES });
    const { api } = service;
    for (const how of ['ok', 'retry', 'business', 'technical']) {
      await api.start('observed', { how }, { correlationId: how });
    }
    await api.start('observed', { how: 'ok' }, { correlationId: 'ok' });
    await api.start('observed', { how: 'retry' }, { correlationId: 'ok' });
    await api.start('observed', { how: 'nonsense' });
    await api.start('unknown', {});
    await api.start(
      'observed',
      { how: 'ok', gate: 'never' },
      { correlationId: 'held' },
      { prefer: 'wait=1' },
    );
    const hangUp = new AbortController();
    const waiting = api.get('/api/process/status/held', {
      headers: { prefer: 'wait=20' },
      signal: hangUp.signal,
    });
    await until(async () => (await read()).value('waiting') === 1, 'somebody waits');
    hangUp.abort();
    await waiting.catch(() => {});
    await until(async () => (await read()).value('waiting') === 0, 'nobody waits');
    await api.post('/api/process/held/cancel', { json: {} });
    await untilRelayed(service.folder);
  });
  afterAll(async () => {
    await service?.stop();
    service?.folder.remove();
  });

  const read = () => readMetrics(service.url);

  it('counts starts by outcome, and no name that a caller made up', async () => {
    const metrics = await read();
    const starts = (process: string, outcome: string) =>
      metrics.value('starts_total', { process, outcome });
    expect(starts('observed', 'accepted')).toBe(5);
    expect(starts('observed', 'joined')).toBe(1);
    expect(starts('observed', 'conflict')).toBe(1);
    expect(starts('observed', 'refused')).toBe(1);
    expect(starts('', 'refused')).toBe(1);
    expect(metrics.text).not.toContain('unknown"');
  });

  it('counts steps and ends by outcome, and measures both', async () => {
    const metrics = await read();
    const steps = (step: string, outcome: string) =>
      metrics.value('steps_total', { process: 'observed', step, outcome });
    expect(steps('call', 'completed')).toBe(2);
    expect(steps('call', 'technical')).toBe(3);
    expect(steps('call', 'business')).toBe(1);
    expect(steps('finish', 'completed')).toBe(2);
    expect(
      metrics.value('step_duration_seconds_count', { process: 'observed', step: 'call' }),
    ).toBe(6);
    for (const [outcome, count] of [
      ['ok', 2],
      ['business', 1],
      ['technical', 1],
      ['cancelled', 1],
    ] as const) {
      const labels = { process: 'observed', outcome };
      expect(metrics.value('processes_ended_total', labels), outcome).toBe(count);
      expect(metrics.value('process_duration_seconds_count', labels), outcome).toBe(count);
    }
  });

  it('measures waits by how they ended', async () => {
    const metrics = await read();
    const waits = (how: string) => metrics.value('wait_duration_seconds_count', { how });
    expect(waits('hung-up')).toBe(1);
    expect(waits('answered')).toBe(4);
    expect(waits('timed-out')).toBe(1);
    expect(metrics.value('wait_duration_seconds_sum', { how: 'timed-out' })).toBeGreaterThan(0.9);
    expect(metrics.value('waiting')).toBe(0);
  });

  it('measures what lies between: appends, outbox, queue, projection, engine', async () => {
    await expect.poll(async () => (await read()).value('outbox_rows'), { timeout: 60_000 }).toBe(0);
    const metrics = await read();
    expect(metrics.value('append_duration_seconds_count', { outcome: 'ok' })).toBeGreaterThan(10);
    expect(metrics.value('append_duration_seconds_count', { outcome: 'conflict' })).toBe(2);
    expect(metrics.value('outbox_oldest_age_seconds')).toBe(0);
    expect(metrics.value('projection_lag_seconds_count')).toBeGreaterThan(5);
    expect(metrics.value('queue_jobs', { job: 'start-instance', state: 'waiting' })).toBe(0);
    expect(
      metrics.value('job_duration_seconds_count', { job: 'start-instance', outcome: 'ok' }),
    ).toBe(5);
    for (const operation of ['start', 'complete', 'handleFailure', 'handleBpmnError', 'cancel']) {
      const labels = { operation, outcome: 'ok' };
      expect(
        metrics.value('engine_call_duration_seconds_count', labels),
        operation,
      ).toBeGreaterThan(0);
    }
    expect(metrics.value('engine_polls_total', { outcome: 'ok' })).toBeGreaterThan(0);
    expect(metrics.value('dependency_up', { dependency: 'database' })).toBe(1);
    expect(metrics.value('dependency_up', { dependency: 'queue' })).toBe(1);
    expect(metrics.text).toContain('nodejs_eventloop_lag_seconds');
  });

  it('has no correlation id in any label', async () => {
    const { body } = await service.api.start('observed', { how: 'ok' }, {}, ASYNC);
    const { text } = await read();
    expect(text).not.toContain(body.correlationId);
    expect(text).not.toContain('held');
  });

  it('counts two services in one process apart', async () => {
    const other = await startTestService({ PROCESSES_DIR: OBSERVED_PROCESSES });
    try {
      const labels = { process: 'observed', outcome: 'accepted' };
      expect((await readMetrics(other.url)).value('starts_total', labels)).toBeUndefined();
    } finally {
      await other.stop();
      other.folder.remove();
    }
  });
});

describe('a scrape of the metrics', () => {
  it('works without a database and without a queue, and says that they are away', async () => {
    const sqlite = databaseKinds()[0];
    const database = await sqlite?.open();
    if (!database) throw new Error('no SQLite');
    await database.destroy();
    const metrics = createMetrics({ version: '1' });
    const read = createReadings({
      metrics,
      outbox: database.outbox,
      rollupLag: () =>
        rollupLag({ store: database.rollups, source: database.rollupSource, clock: Date.now }),
      deliveryStore: database.deliveryStore,
      queue: { counts: () => new Promise<JobCounts>(() => {}) },
      waiting: () => 0,
      processMapSize: () => 0,
      startDelayMs: () => 0,
    });
    await read();
    const text = await metrics.registry.metrics();
    expect(text).toContain('fastify_camunda_dependency_up{dependency="database"} 0');
    expect(text).toContain('fastify_camunda_dependency_up{dependency="queue"} 0');
    expect(text).toMatch(/^fastify_camunda_outbox_rows Nan$/m);
    expect(text).not.toMatch(/^fastify_camunda_queue_jobs\{/m);
  });

  it('asks the database once for many scrapes at once and soon after', async () => {
    let asked = 0;
    const read = createReadings({
      metrics: createMetrics({ version: '1' }),
      outbox: {
        depth: async () => {
          asked++;
          return { rows: 1, oldestAgeMs: 1 };
        },
      },
      rollupLag: async () => ({ events: 0, ms: 0 }),
      deliveryStore: { counts: async () => ({ pending: 0, parked: 0, oldestPendingMs: 0 }) },
      queue: { counts: async () => ({}) },
      waiting: () => 0,
      processMapSize: () => 0,
      startDelayMs: () => 0,
    });
    await Promise.all([read(), read(), read()]);
    await read();
    expect(asked).toBe(1);
  });
});

const redisUrl = await serverUrl('redis');
const engineUrl = await serverUrl('operaton');

it.skipIf(redisUrl === null || engineUrl === null)(
  'an instance without the role api serves metrics, too, and needs no engine to be ready',
  async () => {
    const folder = createFolder();
    const settings = settingsFor(folder, {
      ROLES: 'relay,projector',
      REDIS_URL: redisUrl ?? '',
      REDIS_PREFIX: `metrics-${process.pid}`,
      CAMUNDA_BASE_URL: engineUrl ?? '',
      PROCESSES_DIR: OBSERVED_PROCESSES,
    });
    const service = await startService(readConfig(settings), pino({ level: 'silent' }), settings);
    try {
      const metrics = await readMetrics(service.url);
      expect(metrics.value('queue_jobs', { job: 'project-process', state: 'failed' })).toBe(0);
      expect(metrics.text).toMatch(/^fastify_camunda_build_info\{version="\d+\.\d+\.\d+/m);
      const ready = (await (await fetch(`${service.url}/health/ready`)).json()) as {
        checks: object;
      };
      expect(ready.checks).toEqual({ database: 'ok', queue: 'ok' });
    } finally {
      await service.stop();
      folder.remove();
    }
  },
);
