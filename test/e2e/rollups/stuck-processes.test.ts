import BetterSqlite3 from 'better-sqlite3';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { startRedis } from '../../support/redis.ts';
import { serverUrl } from '../../support/servers.ts';
import { createFolder, startTestService, type TestService } from '../../support/service.ts';
import { type Parts, startParts } from '../../support/service-parts.ts';

const hasRedis = (await serverUrl('redis')) !== null;

interface Attention {
  pending: { count: number; isWhole: boolean };
  slow: { total: number; processes: Record<string, unknown>[] };
  retrying: { total: number; steps: Record<string, unknown>[] };
  outbox: { rows: number; oldestAgeMs: number; stalledAfterMs: number; isStalled: boolean };
  rollups: { eventsBehind: number; behindMs: number };
  failedJobs: { count: number; isWhole: boolean } | null;
  unavailable: string[];
}

describe('the call GET /api/analytics/attention', () => {
  const cleanup: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  });

  async function start(settings: Record<string, string> = {}): Promise<TestService> {
    const folder = createFolder();
    const service = await startTestService({ LOG_LEVEL: 'fatal', ...settings }, folder);
    cleanup.push(folder.remove, service.stop);
    return service;
  }

  async function accept({ api }: Pick<TestService, 'api'>, correlationId: string): Promise<void> {
    const variables = { userId: '42', email: 'ada@example.com' };
    const answer = await api.start('instant', variables, { correlationId }, NO_WAIT);
    expect(answer.status).toBe(202);
  }

  async function look({ api }: Pick<TestService, 'api'>, query = ''): Promise<Attention> {
    const { status, body } = await api.get(`/api/analytics/attention${query}`);
    expect(status).toBe(200);
    return body as unknown as Attention;
  }

  it('names a process that takes longer than those before it did', async () => {
    const service = await start({ ROLLUP_EVERY_MS: '500' });
    const { api, folder } = service;
    folder.open('open');
    for (let at = 0; at < 20; at++) {
      expect((await api.start('gated', { gate: 'open' })).status).toBe(200);
    }
    await api.start('gated', { gate: 'shut' }, { correlationId: 'held' }, NO_WAIT);
    let found = await look(service);
    await until(async () => {
      found = await look(service);
      return found.slow.total > 0;
    }, 'the statistics know the others, and the held one is older');
    expect(found).toMatchObject({
      pending: { count: 1, isWhole: true },
      slow: {
        total: 1,
        processes: [
          {
            correlationId: 'held',
            processKey: 'gated',
            currentStep: null,
            statusUrl: '/api/process/status/held',
          },
        ],
      },
      retrying: { total: 0, steps: [] },
      outbox: { isStalled: false },
      failedJobs: { count: 0, isWhole: true },
      unavailable: [],
    });
    const { p99Ms, ageMs, slowAfterMs } = found.slow.processes[0] ?? {};
    expect(p99Ms).toBeGreaterThan(0);
    expect(slowAfterMs).toBe(p99Ms);
    expect(ageMs).toBeGreaterThan(Number(p99Ms));
    folder.open('shut');
    await api.status('held', { prefer: 'wait=20' });
    await until(async () => (await look(service)).slow.total === 0, 'its end is projected');
  });

  it('names a step that is retried, until it succeeds or has no attempts left', async () => {
    const service = await start({
      PROCESSES_DIR: 'domain/processes',
      PARTNER_URL: 'http://127.0.0.1:9',
    });
    const variables = { userId: '42', email: 'ada@example.com' };
    await service.api.start('onboard-user', variables, { correlationId: 'again' }, NO_WAIT);
    let found = await look(service);
    await until(async () => {
      found = await look(service);
      return found.retrying.total > 0;
    }, 'a step failed and is to be tried again');
    expect(found.retrying.steps).toMatchObject([
      {
        correlationId: 'again',
        processKey: 'onboard-user',
        step: 'run-background-check',
        statusUrl: '/api/process/status/again',
      },
    ]);
    const { attempt, retriesLeft, failedAt, nextTryAt } = found.retrying.steps[0] ?? {};
    expect(Number(attempt) + Number(retriesLeft)).toBe(4);
    expect(Date.parse(String(nextTryAt))).toBeGreaterThan(Date.parse(String(failedAt)));
    expect((await service.api.status('again', { prefer: 'wait=25' })).body.status).toBe('error');
    await until(async () => (await look(service)).retrying.total === 0, 'its end is projected');
  });

  it.skipIf(!hasRedis)(
    'says that nothing is published while Redis is away, and leaves out what only Redis knows',
    async () => {
      const redis = await startRedis();
      const service = await start({ REDIS_URL: redis.url });
      await redis.stop();
      await accept(service, 'waits');
      const early = await look(service);
      expect(early).toMatchObject({ failedJobs: null, unavailable: ['failedJobs'] });
      expect(early.outbox.rows).toBeGreaterThan(0);
      expect(early.outbox).toMatchObject({ isStalled: false, stalledAfterMs: 60_000 });
      const db = new BetterSqlite3(service.folder.file);
      const minutesAgo = new Date(Date.now() - 120_000).toISOString();
      db.prepare('UPDATE outbox SET created_at = ?').run(minutesAgo);
      db.close();
      expect((await look(service)).outbox.isStalled).toBe(true);
    },
  );

  it('shows the oldest up to a limit, counts all, and refuses an invalid limit', async () => {
    const parts: Parts = await startParts();
    cleanup.push(parts.stop);
    for (const id of ['first', 'second', 'third']) {
      await accept(parts, id);
      await parts.database.processStore.project(id);
    }
    await parts.database
      .knex('process_store')
      .update({ started_at: new Date(Date.now() - 48 * 3_600_000).toISOString() });
    const { slow } = await look(parts, '?limit=2');
    expect([slow.total, slow.processes.length]).toEqual([3, 2]);
    for (const query of ['?limit=0', '?limit=1001', '?limit=many', '?most=5']) {
      const { status, body } = await parts.api.get(`/api/analytics/attention${query}`);
      expect([status, body.type]).toEqual([400, 'urn:fastify-camunda:problem:invalid-request']);
    }
  });

  it('answers 503 when the database answers none of it', async () => {
    const parts: Parts = await startParts();
    cleanup.push(parts.stop);
    await parts.database.close();
    const { status, body } = await parts.api.get('/api/analytics/attention');
    expect([status, body.type]).toEqual([503, 'urn:fastify-camunda:problem:unavailable']);
  });
});

const NO_WAIT = { prefer: 'respond-async' };
