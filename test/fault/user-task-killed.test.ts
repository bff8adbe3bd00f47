import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServiceProcess } from '../support/commands.ts';
import { copyProcesses } from '../support/process-folders.ts';
import { serverUrl } from '../support/servers.ts';
import { createFolder, type Folder } from '../support/service.ts';
import { expectProblem } from '../support/service-api.ts';
import { TASK_PROCESSES } from '../support/task-rig.ts';
import {
  completeTask,
  eventsOf,
  expectTwoSteps,
  openTask,
  startTaskService,
  untilReviewed,
} from '../support/task-service.ts';
import { startEngineProxy } from '../support/worker-proxy.ts';

const operaton = await serverUrl('operaton');

describe('a service that is killed while a user task is completed', () => {
  let folder: Folder;
  const cleanup: (() => Promise<void> | void)[] = [];
  beforeEach(() => {
    folder = createFolder();
    cleanup.push(folder.remove);
  });
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  });

  async function start(more: Record<string, string> = {}): Promise<ServiceProcess> {
    const service = await startTaskService(folder, more);
    cleanup.push(() => service.kill('SIGKILL'));
    return service;
  }

  /** The caller repeats the call, before the process has ended or after it. */
  async function repeat(
    service: ServiceProcess,
    correlationId: string,
    id: string,
    isLate: boolean,
  ) {
    const isJournaled = (await eventsOf(service, correlationId, id)).length > 0;
    if (isLate && isJournaled) await untilReviewed(service, correlationId);
    const answer = await completeTask(service, id);
    const statusUrl = `/api/process/status/${correlationId}`;
    expect([answer?.status, answer?.body]).toEqual([
      200,
      { status: 'completed', taskId: id, correlationId, statusUrl },
    ]);
    await untilReviewed(service, correlationId);
    return isJournaled;
  }

  it('G2, G10: before any statement, or before the answer, completes it once, and answers the repeated call as the first', async () => {
    let service = await start();
    let journaled = 0;
    let killed = 0;
    for (let statement = 0; ; statement++) {
      const killAt = statement === 0 ? 'answer' : String(statement);
      const correlationId = `killed-at-${killAt}`;
      const id = await openTask(service, correlationId, 'reviewed');
      const first = await completeTask(service, id, { 'test-kill-at': killAt });
      if (first) {
        // There was no other statement to be killed at.
        expect(first.status).toBe(200);
        await untilReviewed(service, correlationId);
        break;
      }
      killed++;
      service = await start();
      if (await repeat(service, correlationId, id, statement % 2 === 0)) journaled++;
    }
    expect(journaled).toBeGreaterThan(2);
    expect(killed - journaled, 'kills before the commit of the journal').toBeGreaterThan(2);
    await expectTwoSteps(folder, service, killed + 1);
    const db = new BetterSqlite3(folder.file, { readonly: true });
    cleanup.push(() => void db.close());
    const sql = `SELECT activity_id, COUNT(*), SUM(cancelled) FROM engine_activity
      WHERE activity_id IN ('review', 'finish') GROUP BY 1 ORDER BY 1`;
    expect(db.prepare(sql).raw().all()).toEqual([
      ['finish', killed + 1, 0],
      ['review', killed + 1, 0],
    ]);
  }, 240_000);

  it('G2: leaves a completion without effect when a timer fires before the next one reports it, and says so', async () => {
    const first = await start();
    const id = await openTask(first, 'late', 'reviewed-in-time', {});
    const variables = { accepted: true };
    const during = { 'test-kill-at': 'journaled', variables };
    expect(await completeTask(first, id, during)).toBeNull();
    // Thirty days go by.
    const db = new BetterSqlite3(folder.file);
    expect(db.prepare("UPDATE engine_wait SET due = 0 WHERE kind = 'timer'").run().changes).toBe(1);
    db.close();

    const second = await start();
    const { body } = await second.api.status('late', { prefer: 'wait=25' });
    expect(body).toMatchObject({ status: 'ok', result: { way: 'escalated' } });
    const answer = await completeTask(second, id, { variables });
    expectProblem(answer ?? expect.fail('it was killed'), 'task-cancelled');
    const events = await eventsOf(second, 'late', id);
    expect(events.map(({ type, data }) => [type, data.code])).toEqual([
      ['step-completed', undefined],
      ['step-failed', 'TASK_CANCELLED'],
    ]);
  });

  it.skipIf(operaton === null)(
    'G2, G10: before or after the journal, or after Operaton has the completion, completes it once there',
    async () => {
      const engineUrl = operaton ?? '';
      const copies = copyProcesses(folder.path, ['reviewed'], TASK_PROCESSES);
      const key = copies.key('reviewed');
      cleanup.push(() => copies.removeFrom(engineUrl));
      const proxy = await startEngineProxy(engineUrl);
      cleanup.push(proxy.stop);
      const settings = { PROCESSES_DIR: copies.directory, CAMUNDA_BASE_URL: proxy.url };
      let service = await start({ ...settings, LOCK_DURATION_MS: '1000' });

      /** Kills the service when it completes a task there. */
      function killAtEngine(isDone: boolean): void {
        proxy.intercept(async ({ method, path, body }) => {
          if (!/^\/task\/[^/]+\/complete$/.test(path)) return 'pass';
          if (isDone) {
            const headers = { 'content-type': 'application/json' };
            await fetch(engineUrl + path, { method, headers, body: JSON.stringify(body) });
          }
          service.kill('SIGKILL');
          return 'hang';
        });
      }

      const points = ['1', 'journaled', 'unsent', 'unanswered', 'answer'];
      for (const [at, point] of points.entries()) {
        const correlationId = `${key}-${point}`;
        const id = await openTask(service, correlationId, key);
        if (point.startsWith('un')) killAtEngine(point === 'unanswered');
        expect(await completeTask(service, id, { 'test-kill-at': point }), point).toBeNull();
        proxy.intercept(() => 'pass');
        service = await start({ ...settings, LOCK_DURATION_MS: '1000' });
        await repeat(service, correlationId, id, at % 2 === 0);
        const filter = `processDefinitionKey=${key}&finished=true&taskDeleteReason=completed`;
        const history = await fetch(`${engineUrl}/history/task/count?${filter}`);
        expect(await history.json()).toEqual({ count: at + 1 });
      }
      await expectTwoSteps(folder, service, points.length);
    },
    240_000,
  );
});
