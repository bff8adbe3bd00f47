import BetterSqlite3 from 'better-sqlite3';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import {
  countEvents,
  createFolder,
  queryValue,
  readStreams,
  startTestService,
  type TestService,
} from '../../support/service.ts';
import { expectProblem } from '../../support/service-api.ts';
import { startEngineBehindProxy } from '../../support/service-engine.ts';

const ada = { userId: '42', email: 'ada@example.com' };
const ASYNC = { prefer: 'respond-async' };

describe('the service', () => {
  const cleanup: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  });

  async function start(more: Record<string, string> = {}, folder = createFolder()) {
    const service: TestService = await startTestService(more, folder);
    cleanup.push(folder.remove, service.stop);
    return service;
  }

  it('G1: answers 503 when the database takes no write, and writes nothing', async () => {
    const { api, folder } = await start();
    const before = countEvents(folder);
    const other = new BetterSqlite3(folder.file);
    cleanup.push(() => void other.close());
    other.exec('BEGIN IMMEDIATE');
    const body = { correlationId: 'locked' };
    const answers = await Promise.all([
      api.start('instant', ada, body),
      api.start('instant', ada, {}, ASYNC),
    ]);
    for (const answer of answers) {
      expect(answer.status).toBe(503);
      expectProblem(answer, 'unavailable', /nothing was written\. Send the same request again/);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(countEvents(folder)).toBe(before);
    other.exec('ROLLBACK');
    expect((await api.status('locked')).status).toBe(404);
    expect((await api.start('instant', ada, body)).status).toBe(200);
  });

  it('G1: has what was answered 202 in the log, as another connection sees it', async () => {
    const { api, folder } = await start();
    for (let at = 0; at < 20; at++) {
      const { body } = await api.start('instant', ada, {}, ASYNC);
      const sql = `SELECT COUNT(*) FROM event_log WHERE correlation_id = '${body.correlationId}'`;
      expect(queryValue(folder, sql)).toBeGreaterThan(0);
    }
  });

  it('G7: never answers 404 for an accepted process, from its 202 to its end, over a restart', async () => {
    const first = await start();
    const { folder } = first;
    const accepted = await Promise.all(
      Array.from({ length: 40 }, async (_, at) => {
        const { body } = await first.api.start('counted', { number: at }, {}, ASYNC);
        expect((await first.api.status(body.correlationId)).status).not.toBe(404);
        return body.correlationId;
      }),
    );
    await first.stop();
    const second = await start({}, folder);
    await Promise.all(
      accepted.map((correlationId) =>
        until(async () => {
          const { status } = await second.api.status(correlationId, { prefer: 'wait=5' });
          expect([200, 202]).toContain(status);
          return status === 200;
        }, `${correlationId} ends`),
      ),
    );
  });

  it('makes one process of simultaneous starts with one correlation id and one body, and answers 409 to another body', async () => {
    const { api, folder } = await start();
    const body = { correlationId: 'twice' };
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        api.start('instant', { ...ada, userId: at % 2 ? 'odd' : 'even' }, body),
      ),
    );
    const won = answers.filter(({ status }) => status === 200);
    const lost = answers.filter(({ status }) => status === 409);
    expect(won).toHaveLength(10);
    expect(lost).toHaveLength(10);
    expect(new Set(won.map(({ text }) => text)).size).toBe(1);
    const requests = "SELECT COUNT(*) FROM event_log WHERE event_type = 'process-requested'";
    expect(queryValue(folder, requests)).toBe(1);
    expect(queryValue(folder, 'SELECT COUNT(*) FROM engine_process_instance')).toBe(1);
  });

  it('makes one process of simultaneous starts with one Idempotency-Key', async () => {
    const { api, folder } = await start();
    const key = { 'idempotency-key': 'once' };
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => api.start('instant', ada, {}, key)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(queryValue(folder, 'SELECT COUNT(*) FROM engine_process_instance')).toBe(1);
  });

  it('answers 1,000 simultaneous starts, none with the result of another', async () => {
    const service = await start({ WAIT_TIMEOUT_MS: '120000', LOG_LEVEL: 'warn' });
    const users = Array.from({ length: 1_000 }, (_, at) => ({
      userId: `user-${at}`,
      email: `user-${at}@example.com`,
    }));
    const answers = await Promise.all(
      users.map((user) => service.api.start('instant', user, { correlationId: user.userId })),
    );
    for (const [at, { status, body }] of answers.entries()) {
      expect(status).toBe(200);
      expect(body.correlationId).toBe(users[at]?.userId);
      expect(body.result).toEqual(users[at]);
    }
    await service.stop();
    const streams = await readStreams(service.folder);
    expect(streams).toHaveLength(1_000);
    for (const { events, folded, projected } of streams) {
      expect(events).toHaveLength(4);
      expect(projected).toEqual(folded);
    }
  });

  it('G10: accepts starts while the engine is away, and runs them when it is back', async () => {
    const folder = createFolder();
    const engine = await startEngineBehindProxy(`${folder.path}/engine.db`);
    cleanup.push(engine.stop);
    const { api } = await start({ CAMUNDA_BASE_URL: engine.url }, folder);
    const { body: listening } = await api.start('listening', {}, {}, ASYNC);
    await until(
      async () => (await api.status(listening.correlationId)).body.processInstanceId,
      'its instance runs',
    );
    engine.down();
    const accepted = await Promise.all(
      [1, 2, 3].map((number) => api.start('counted', { number }, {}, ASYNC)),
    );
    expect(accepted.map(({ status }) => status)).toEqual([202, 202, 202]);
    const ready = await until(async () => {
      const answer = await api.get('/health/ready');
      return answer.status === 503 && answer;
    }, 'it is not ready');
    expect(ready.body.checks.database).toBe('ok');
    expect(ready.body.checks.engine).toMatch(/cannot be reached/);
    const send = (id: unknown) =>
      api.post(`/api/process/${id}/message`, { json: { messageName: 'go-on' } });
    expect((await send(accepted[0]?.body.correlationId)).status, 'not in the engine yet').toBe(409);
    const message = await send(listening.correlationId);
    expect(message.status).toBe(503);
    expectProblem(message, 'unavailable', /process engine cannot be reached/);
    expect(message.headers.get('retry-after')).not.toBeNull();
    engine.up();
    for (const { body } of accepted) {
      const ended = await api.status(body.correlationId, { prefer: 'wait=25' });
      expect(ended.body.status).toBe('ok');
    }
    expect((await api.get('/health/ready')).status).toBe(200);
  });
});
