import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { bearer, makeKey } from './access.ts';
import { until } from './children.ts';
import type { EngineKind } from './engines.ts';
import { copyProcesses } from './process-folders.ts';
import { createFolder, startTestService, type TestService } from './service.ts';
import type { Answer } from './service-api.ts';
import { type EngineProxy, startEngineProxy } from './worker-proxy.ts';

/** Processes with steps that are done elsewhere: `tariff`, `label`. */
export const ELSEWHERE_PROCESSES = fileURLToPath(new URL('./elsewhere-processes', import.meta.url));

export interface FetchedTask {
  id: string;
  topicName: string;
  businessKey: string;
  workerId: string;
  retries: number | null;
  errorDetails: string | null;
  variables: Record<string, { type: string; value: unknown }>;
}

export type ElsewhereRig = Awaited<ReturnType<typeof openElsewhereRig>>;

/** A service with steps that are done elsewhere, on an engine, called by several callers. */
export async function openElsewhereRig(kind: EngineKind, { isProxied = false } = {}) {
  const folder = createFolder();
  const copies = copyProcesses(folder.path, ['tariff', 'label'], ELSEWHERE_PROCESSES);
  const callers: Record<string, Record<string, string>> = {
    nobody: { authorization: '' },
  };
  const worker = await makeKey(folder, 'worker', ['steps:work']);
  callers.worker = bearer(worker);
  callers.stranger = bearer(await makeKey(folder, 'stranger', ['steps:work']));
  callers.operator = bearer(await makeKey(folder, 'operator', ['admin']));
  callers.starter = bearer(await makeKey(folder, 'starter', ['process:start', 'process:read']));
  const isDirect = kind.isDirect && !isProxied;
  const engine = isDirect ? null : await kind.open();
  const proxy: EngineProxy | null = engine && isProxied ? await startEngineProxy(engine.url) : null;
  const settings = {
    AUTH: 'on',
    PROCESSES_DIR: copies.directory,
    ...(engine ? { CAMUNDA_BASE_URL: proxy?.url ?? engine.url } : {}),
  };
  const start = () => startTestService(settings, folder, callers.operator);
  let service: TestService = await start();
  const topic = `${copies.key('tariff')}.find-tariff`;

  const post = (path: string, json: object | undefined, caller = 'worker'): Promise<Answer> =>
    service.api.post(`/engine-rest/external-task/${path}`, {
      ...(json ? { json } : {}),
      headers: { ...callers[caller] },
    });

  function askFor(topicName: string, more: object = {}, caller = 'worker'): Promise<Answer> {
    const { lockDuration = 60_000, ofTopic = {}, ...rest } = more as Record<string, object>;
    const body = {
      workerId: 'w-1',
      maxTasks: 1,
      topics: [{ topicName, lockDuration, ...ofTopic }],
      ...rest,
    };
    return post('fetchAndLock', body, caller);
  }

  async function fetchTask(more: object = {}, topicName = topic): Promise<FetchedTask> {
    const answer = await askFor(topicName, { asyncResponseTimeout: 20_000, ...more });
    const tasks = answer.status === 200 ? (JSON.parse(answer.text) as FetchedTask[]) : [];
    const [task] = tasks;
    if (!task) throw new Error(`no task: ${answer.status} ${answer.text}`);
    return task;
  }

  return {
    topic,
    workerKey: worker.text,
    proxy,
    get service() {
      return service;
    },
    key: copies.key,
    post,
    askFor,
    fetchTask,
    find: (id: string, caller = 'worker') =>
      service.api.get(`/engine-rest/external-task/${id}`, { headers: { ...callers[caller] } }),
    complete: (id: string, variables: object, more: object = {}, caller = 'worker') =>
      post(`${id}/complete`, { workerId: 'w-1', variables, ...more }, caller),
    /** Starts a process of `tariff`. */
    async begin(variables: object = { weight: 2.5 }, original = 'tariff'): Promise<string> {
      const correlationId = `elsewhere-${randomUUID()}`;
      const headers = { prefer: 'respond-async' };
      await service.api.start(copies.key(original), variables, { correlationId }, headers);
      return correlationId;
    },
    async ended(correlationId: string) {
      return (await service.api.status(correlationId, { prefer: 'wait=25' })).body;
    },
    async events(correlationId: string) {
      return (await service.api.get(`/api/process/${correlationId}/events`)).body.events;
    },
    /** The events of the step that is done elsewhere. */
    async steps(correlationId: string, step = 1) {
      const { events } = (await service.api.get(`/api/process/${correlationId}/events`)).body;
      return events.filter((event) => event.step?.number === step);
    },
    /** Waits until a fetch with these options has given no task, and the process has ended. */
    async untilEnded(correlationId: string): Promise<void> {
      await until(async () => {
        const answer = await askFor(topic);
        if (answer.text !== '[]') throw new Error(`handed out: ${answer.text}`);
        return (await service.api.status(correlationId)).body.status !== 'pending';
      }, 'the process ends without another run');
    },
    async restart(): Promise<void> {
      await service.stop();
      service = await start();
    },
    async close(): Promise<void> {
      proxy?.intercept(() => 'pass');
      await service.stop();
      if (engine) await copies.removeFrom(engine.url);
      await proxy?.stop();
      await engine?.stop();
      folder.remove();
    },
  };
}
