import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { until } from '../../support/children.ts';
import { createTestDatabase } from '../../support/mssql.ts';
import { serverUrl } from '../../support/servers.ts';
import {
  createFolder,
  type Folder,
  startTestService,
  type TestService,
} from '../../support/service.ts';
import { expectProblem } from '../../support/service-api.ts';
import { startTdsProxy, type TdsProxy } from '../../support/tds-proxy.ts';

const mssqlUrl = inject('mssqlUrl');
const redisUrl = await serverUrl('redis');
const SLOW = 120_000;
const ada = { userId: '42', email: 'ada@example.com' };

/** With Redis, as in production, where there is one; then the queue is the only other part that is real. */
const others = redisUrl === null ? 'all else embedded' : 'Redis';

describe.skipIf(mssqlUrl === null)(
  `the service on SQL Server and ${others}`,
  {
    timeout: SLOW,
  },
  () => {
    let folder: Folder;
    let database: Awaited<ReturnType<typeof createTestDatabase>>;
    let proxy: TdsProxy;
    let settings: Record<string, string>;
    let service: TestService;
    beforeAll(async () => {
      folder = createFolder();
      database = await createTestDatabase(mssqlUrl ?? '');
      proxy = await startTdsProxy(mssqlUrl ?? '');
      settings = {
        DATABASE_URL: proxy.through(database.url),
        LOG_LEVEL: 'silent',
        ...(redisUrl === null ? {} : { REDIS_URL: redisUrl, REDIS_PREFIX: `sql-${Date.now()}` }),
      };
      service = await startTestService(settings, folder);
    }, SLOW);
    afterEach(async () => {
      proxy.intercept(() => 'pass');
      await proxy.restore();
    });
    afterAll(async () => {
      await service?.stop();
      await proxy?.stop();
      await database?.drop();
      folder?.remove();
    });

    it('answers 200 with the result, 422 for a refusal and 502 for a failure', async () => {
      const { status, body } = await service.api.start('instant', ada);
      expect(status).toBe(200);
      expect(body.result).toEqual(ada);
      const refused = await service.api.start('troubled', { how: 'business' });
      expect(refused.status).toBe(422);
      expectProblem(refused, 'process-refused', /The rules do not allow this/);
      const failed = await service.api.start('troubled', { how: 'technical' });
      expect(failed.status).toBe(502);
    });

    it('answers many simultaneous starts, none with the result of another', async () => {
      const answers = await Promise.all(
        Array.from({ length: 16 }, (_, at) =>
          service.api.start('instant', { ...ada, userId: `u-${at}` }),
        ),
      );
      for (const [at, { status, body }] of answers.entries()) {
        expect(status).toBe(200);
        expect(body.result).toEqual({ ...ada, userId: `u-${at}` });
      }
    });

    it('joins a start that is sent again, also by its Idempotency-Key, and refuses another', async () => {
      const { api } = service;
      const first = await api.start('instant', ada, { correlationId: 'again' });
      const again = await api.start('instant', ada, { correlationId: 'again' });
      expect(again.body).toEqual(first.body);
      const key = { 'idempotency-key': 'once' };
      const one = await api.start('instant', ada, {}, key);
      const other = await api.start('instant', ada, {}, key);
      expect(other.body).toEqual(one.body);
      const conflict = await api.start(
        'instant',
        { ...ada, userId: 'x' },
        { correlationId: 'again' },
      );
      expect(conflict.status).toBe(409);
    });

    it('lists processes, shows their events and finds them by trace', async () => {
      const { api } = service;
      await api.start('instant', ada, { correlationId: 'shown', traceabilityId: 'a-trace' });
      const list = await until(async () => {
        const { body } = await api.get('/api/process?status=ok&limit=100');
        return body.processes.some(({ correlationId }) => correlationId === 'shown') && body;
      }, 'it is projected');
      expect(list.processes.length).toBeGreaterThan(1);
      const { body } = await api.get('/api/process/shown/events');
      expect(body.events.map(({ version }) => version)).toEqual(body.events.map((_, at) => at + 1));
      const traced = await api.get('/api/event-log/a-trace');
      expect(traced.body.events.length).toBe(body.events.length);
    });

    it('G10: answers 503 with Retry-After while the database is away, and works when it is back', async () => {
      const { api } = service;
      const prefer = { prefer: 'respond-async' };
      const pending = await api.start('gated', { gate: 'away' }, {}, prefer);
      expect(pending.status).toBe(202);
      await proxy.cut();
      const refused = await until(async () => {
        const answer = await api.start('instant', ada, { correlationId: 'meanwhile' });
        return answer.status === 503 && answer;
      }, 'starts are refused');
      expect(refused.headers.get('retry-after')).toBe('5');
      expectProblem(refused, 'unavailable');
      const ready = await api.get('/health/ready');
      expect(ready.status).toBe(503);
      expect(ready.body.checks.database).not.toBe('ok');
      expect((await api.get('/api/process')).status).toBe(503);
      folder.open('away');
      await proxy.restore();
      await until(async () => (await api.get('/health/ready')).status === 200, 'it is ready again');
      const again = await api.start('instant', ada, { correlationId: 'meanwhile' });
      expect(again.status).toBe(200);
      const ended = await until(async () => {
        const { body } = await api.status(pending.body.correlationId, { prefer: 'wait=20' });
        return body.status === 'ok' && body;
      }, 'what was under way has ended');
      expect(ended.result).toEqual({ gate: 'away' });
    });

    it('accepts a start once though the answer of the database to it is lost', async () => {
      let left = 1;
      proxy.intercept(({ text }) =>
        text.includes('INSERT INTO event_log') && left-- > 0 ? 'lose-answer' : 'pass',
      );
      const { status, body } = await service.api.start('instant', ada);
      expect(left).toBeLessThan(1);
      expect(status).toBe(200);
      const { body: trail } = await service.api.get(`/api/process/${body.correlationId}/events`);
      expect(trail.events.filter(({ type }) => type === 'process-requested')).toHaveLength(1);
    });

    it('knows after a restart what it knew before, and ends the processes that were running', async () => {
      const started = await service.api.start(
        'gated',
        { gate: 'restart' },
        {},
        { prefer: 'respond-async' },
      );
      const ended = await service.api.start('instant', ada, { correlationId: 'before' });
      await service.stop();
      service = await startTestService(settings, folder);
      const { api } = service;
      const known = await api.status('before');
      expect(known.body.result).toEqual(ended.body.result);
      const joined = await api.start('instant', ada, { correlationId: 'before' });
      expect(joined.body).toEqual(ended.body);
      folder.open('restart');
      const last = await until(async () => {
        const { body } = await api.status(started.body.correlationId, { prefer: 'wait=20' });
        return body.status === 'ok' && body;
      }, 'it has ended');
      expect(last.result).toEqual({ gate: 'restart' });
    });
  },
);
