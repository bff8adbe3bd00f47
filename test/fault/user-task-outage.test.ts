import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyProcesses } from '../support/process-folders.ts';
import { serverUrl } from '../support/servers.ts';
import { createFolder, type Folder } from '../support/service.ts';
import { type Answer, expectProblem } from '../support/service-api.ts';
import { TASK_PROCESSES } from '../support/task-rig.ts';
import {
  completeTask,
  eventsOf,
  openTask,
  startTaskService,
  untilReviewed,
} from '../support/task-service.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { startEngineProxy } from '../support/worker-proxy.ts';

const operaton = await serverUrl('operaton');

describe('a user task', () => {
  let folder: Folder;
  const cleanup: (() => Promise<void> | void)[] = [];
  beforeEach(() => {
    folder = createFolder();
    cleanup.push(folder.remove);
  });
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  });

  async function start(more: Record<string, string> = {}) {
    const service = await startTaskService(folder, more);
    cleanup.push(() => service.kill('SIGKILL'));
    return service;
  }

  function expectAway(answer: Answer | null, detail: RegExp): void {
    if (!answer) expect.fail('the service was killed');
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expectProblem(answer, 'unavailable', detail);
  }

  it('G10: is recorded while the embedded engine cannot write its file, and completed when it can', async () => {
    const service = await start();
    const id = await openTask(service, 'locked', 'reviewed');
    const recorded = await completeTask(service, id, { 'test-lock': 'after-journal' });
    expect([recorded?.status, recorded?.body.status]).toEqual([202, 'recorded']);
    await untilReviewed(service, 'locked');
    const again = await completeTask(service, id);
    expect([again?.status, again?.body.status]).toEqual([200, 'completed']);
    expect(await eventsOf(service, 'locked', id)).toHaveLength(1);
  });

  it('G10: is neither completed, claimed nor released while another process has the database, and the answers say so', async () => {
    const service = await start();
    const id = await openTask(service, 'locked', 'reviewed');
    const locked = { headers: { 'test-lock': 'at-once' } };
    const completed = await completeTask(service, id, { 'test-lock': 'at-once' });
    expectAway(completed, /database cannot be reached; nothing was written/);
    for (const path of ['claim', 'unclaim']) {
      const answer = await service.api.post(`/api/tasks/${id}/${path}`, locked);
      expectAway(answer, /engine cannot be reached; nothing happened/);
    }
    const task = await service.api.get(`/api/tasks/${id}`);
    expect([task.status, JSON.parse(task.text).assignee]).toEqual([200, null]);
    expect(await eventsOf(service, 'locked', id)).toEqual([]);
    expect((await completeTask(service, id))?.status).toBe(200);
    await untilReviewed(service, 'locked');
  });

  it.skipIf(operaton === null)(
    'G10: is recorded when Operaton is lost before it has the completion, and completed when it is back',
    async () => {
      const engineUrl = operaton ?? '';
      const copies = copyProcesses(folder.path, ['reviewed'], TASK_PROCESSES);
      const key = copies.key('reviewed');
      cleanup.push(() => copies.removeFrom(engineUrl));
      const calls = await startEngineProxy(engineUrl);
      cleanup.push(calls.stop);
      const network = await startTcpProxy({ port: Number(new URL(calls.url).port) });
      cleanup.push(network.stop);
      const service = await start({
        PROCESSES_DIR: copies.directory,
        CAMUNDA_BASE_URL: `http://127.0.0.1:${network.port}`,
      });
      const id = await openTask(service, `${key}-1`, key);
      const other = await openTask(service, `${key}-2`, key);
      calls.intercept(async ({ path }) => {
        if (!path.endsWith('/complete')) return 'pass';
        await network.cut();
        return 'lose-request';
      });
      const recorded = await completeTask(service, id);
      expect([recorded?.status, recorded?.body.status]).toEqual([202, 'recorded']);
      expect((await completeTask(service, id))?.status, 'as long as it is away').toBe(202);

      expectAway(await completeTask(service, other), /engine cannot be reached; nothing happened/);
      for (const path of [`${other}/claim`, `${other}/unclaim`]) {
        const answer = await service.api.post(`/api/tasks/${path}`);
        expectAway(answer, /engine cannot be reached; nothing happened/);
      }
      for (const path of ['', `/${other}`]) {
        expectAway(await service.api.get(`/api/tasks${path}`), /engine cannot be reached/);
      }
      expect(await eventsOf(service, `${key}-2`, other)).toEqual([]);

      calls.intercept(() => 'pass');
      await network.heal();
      await untilReviewed(service, `${key}-1`);
      expect(await eventsOf(service, `${key}-1`, id)).toHaveLength(1);
      expect((await completeTask(service, id))?.status).toBe(200);
      expect((await completeTask(service, other))?.status).toBe(200);
      await untilReviewed(service, `${key}-2`);
    },
  );
});
