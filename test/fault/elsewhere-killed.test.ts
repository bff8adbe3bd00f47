import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/children.ts';
import type { ServiceProcess } from '../support/commands.ts';
import { ELSEWHERE_PROCESSES, type FetchedTask } from '../support/elsewhere-rig.ts';
import { copyProcesses } from '../support/process-folders.ts';
import { serverUrl } from '../support/servers.ts';
import { createFolder, type Folder } from '../support/service.ts';
import { expectTwoSteps, startTaskService } from '../support/task-service.ts';
import { startEngineProxy } from '../support/worker-proxy.ts';

const operaton = await serverUrl('operaton');
const TASKS = '/engine-rest/external-task';

describe('a service that is killed while a worker elsewhere completes a task', () => {
  let folder: Folder;
  const cleanup: (() => Promise<void> | void)[] = [];
  beforeEach(() => {
    folder = createFolder();
    cleanup.push(folder.remove);
  });
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  });

  async function start(more: Record<string, string>): Promise<ServiceProcess> {
    const service = await startTaskService(folder, more);
    cleanup.push(() => service.kill('SIGKILL'));
    return service;
  }

  async function fetchTasks({ api }: ServiceProcess, key: string, asyncResponseTimeout = 0) {
    const topics = [{ topicName: `${key}.find-tariff`, lockDuration: 1_500 }];
    const json = { workerId: 'w-1', topics, asyncResponseTimeout };
    const { text } = await api.post(`${TASKS}/fetchAndLock`, { json });
    return JSON.parse(text) as FetchedTask[];
  }

  /** Starts a process, and fetches its task. @returns the id of the task */
  async function begin(service: ServiceProcess, key: string, correlationId: string) {
    const headers = { prefer: 'respond-async' };
    await service.api.start(key, { weight: 2.5 }, { correlationId }, headers);
    const [task] = await fetchTasks(service, key, 20_000);
    expect(task?.businessKey).toBe(correlationId);
    return task?.id ?? '';
  }

  /** @returns the status; null when the service was killed meanwhile */
  async function complete({ api, ended }: ServiceProcess, id: string, killAt?: string) {
    const json = { workerId: 'w-1', variables: { price: { value: 7.75, type: 'Double' } } };
    const headers: Record<string, string> = killAt ? { 'test-kill-at': killAt } : {};
    return api.post(`${TASKS}/${id}/complete`, { json, headers }).then(
      ({ status }) => status,
      async () => {
        expect(await ended).toBe('SIGKILL');
        return null;
      },
    );
  }

  /** The worker sends it again; or it fetches, and is not given the task again. */
  async function resume(service: ServiceProcess, key: string, id: string, by: 'repeat' | 'fetch') {
    if (by === 'repeat') expect(await complete(service, id)).toBe(204);
    const { body } = await service.api.get('/api/process?status=pending');
    const [pending] = body.processes;
    const correlationId = pending?.correlationId;
    if (correlationId === undefined) return;
    await until(async () => {
      if (by === 'fetch') expect(await fetchTasks(service, key)).toEqual([]);
      return (await service.api.status(correlationId)).body.status === 'ok';
    }, 'the process ends');
  }

  it('G2, G10: between the journal and the engine, completes it once, and does not hand it out again', async () => {
    const settings = { PROCESSES_DIR: ELSEWHERE_PROCESSES };
    let service = await start(settings);
    const points = [
      ['journaled', 'repeat'],
      ['journaled', 'fetch'],
    ] as const;
    for (const [at, [point, by]] of points.entries()) {
      const id = await begin(service, 'tariff', `killed-${at}`);
      expect(await complete(service, id, point), point).toBeNull();
      service = await start(settings);
      await resume(service, 'tariff', id, by);
    }
    await expectTwoSteps(folder, service, points.length);
  }, 240_000);

  it.skipIf(operaton === null)(
    'G2, G10: before or after Operaton has the completion, completes it once there',
    async () => {
      const engineUrl = operaton ?? '';
      const copies = copyProcesses(folder.path, ['tariff'], ELSEWHERE_PROCESSES);
      const key = copies.key('tariff');
      cleanup.push(() => copies.removeFrom(engineUrl));
      const proxy = await startEngineProxy(engineUrl);
      cleanup.push(proxy.stop);
      const settings = { PROCESSES_DIR: copies.directory, CAMUNDA_BASE_URL: proxy.url };
      let service = await start(settings);

      /** Kills the service when it completes the task there. */
      function killAtEngine(id: string, isDone: boolean): void {
        proxy.intercept(async ({ method, path, body }) => {
          if (path !== `/external-task/${id}/complete`) return 'pass';
          if (isDone) {
            const headers = { 'content-type': 'application/json' };
            await fetch(engineUrl + path, { method, headers, body: JSON.stringify(body) });
          }
          service.kill('SIGKILL');
          return 'hang';
        });
      }

      const points = [
        [false, 'fetch'],
        [true, 'repeat'],
      ] as const;
      for (const [at, [isDone, by]] of points.entries()) {
        const id = await begin(service, key, `${key}-${at}`);
        killAtEngine(id, isDone);
        expect(await complete(service, id)).toBeNull();
        proxy.intercept(() => 'pass');
        service = await start(settings);
        await resume(service, key, id, by);
      }
      await expectTwoSteps(folder, service, points.length);
    },
    240_000,
  );
});
