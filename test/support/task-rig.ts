import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { bearer, makeKey } from './access.ts';
import { freePort, until } from './children.ts';
import type { EngineKind } from './engines.ts';
import { copyProcesses } from './process-folders.ts';
import { createFolder, type Folder, startTestService, type TestService } from './service.ts';
import { type Answer, type CallOptions, expectProblem } from './service-api.ts';
import { type EngineProxy, startEngineProxy } from './worker-proxy.ts';

/** Processes with user tasks: `reviewed`, `reviewed-in-time`. */
export const TASK_PROCESSES = fileURLToPath(new URL('./task-processes', import.meta.url));
export const DUE = '2030-01-31T12:00:00';

export interface TaskBody {
  id: string;
  name: string;
  activityId: string;
  processKey: string;
  correlationId: string;
  assignee: string | null;
  createdAt: string;
  dueAt: string | null;
  candidateGroups?: string[];
}

export type TaskRig = Awaited<ReturnType<typeof openTaskRig>>;

/** A service with a process under a key of its own, on an engine, called by several callers. */
export async function openTaskRig(
  kind: EngineKind,
  {
    isProxied = false,
    process = 'reviewed',
  }: { isProxied?: boolean; process?: 'reviewed' | 'reviewed-in-time' } = {},
) {
  const folder: Folder = createFolder();
  const copies = copyProcesses(folder.path, [process], TASK_PROCESSES);
  const key = copies.key(process);
  const callers: Record<string, { authorization: string }> = {};
  for (const name of ['kim', 'alex']) {
    const scopes = ['process:start', 'process:read', 'events:read'] as const;
    callers[name] = bearer(await makeKey(folder, name, scopes));
  }
  callers.reader = bearer(await makeKey(folder, 'reader', ['process:read']));
  callers.starter = bearer(await makeKey(folder, 'starter', ['process:start']));
  callers.operator = bearer(await makeKey(folder, 'operator', ['admin']));
  // Directly, as long as nothing is to be lost between the two.
  const isDirect = kind.isDirect && !isProxied;
  const engine = isDirect ? null : await kind.open();
  const proxy: EngineProxy | null = engine && isProxied ? await startEngineProxy(engine.url) : null;
  const enginePort = isDirect ? await freePort() : 0;
  const engineUrl = engine?.url ?? `http://127.0.0.1:${enginePort}/engine-rest`;
  const settings: Record<string, string> = {
    AUTH: 'on',
    PROCESSES_DIR: copies.directory,
    ...(engine
      ? { CAMUNDA_BASE_URL: proxy?.url ?? engine.url }
      : { ENGINE_REST_PORT: String(enginePort) }),
  };
  let service: TestService = await startTestService(settings, folder, callers.kim);

  const get = (path: string, options?: CallOptions) => service.api.get(path, options);
  const post = (path: string, json: object | undefined, caller = 'kim'): Promise<Answer> =>
    service.api.post(path, {
      ...(json ? { json } : {}),
      headers: { ...callers[caller] },
    });

  /** The list with these filters, of this process. */
  async function list(query: Record<string, string> = {}) {
    const parameters = new URLSearchParams({ process: key, ...query });
    const answer = await get(`/api/tasks?${parameters}`);
    if (answer.status !== 200) throw new Error(answer.text);
    return JSON.parse(answer.text) as { tasks: TaskBody[]; nextCursor: string | null };
  }

  /** The open task of a process, once it is there. */
  function taskOf(correlationId: string, activityId = 'review'): Promise<TaskBody> {
    return until(async () => {
      const { tasks } = await list({ limit: '1000' });
      return tasks.find(
        (task) => task.correlationId === correlationId && task.activityId === activityId,
      );
    }, `the task ${activityId} of ${correlationId}`);
  }

  /** Calls the REST API of the engine itself. */
  async function engineCall<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await fetch(engineUrl + path, {
      method,
      headers: { 'content-type': 'application/json', ...callers.operator },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text === '' ? null : JSON.parse(text)) as T;
  }

  return {
    key,
    /** Of the service's database. */
    file: folder.file,
    callers,
    proxy,
    get,
    post,
    list,
    taskOf,
    expectProblem,
    /** Starts a process, and waits for its task. */
    async open(variables: object = {}): Promise<TaskBody> {
      const correlationId = `review-${randomUUID()}`;
      const all = process === 'reviewed' ? { due: DUE, ...variables } : variables;
      const prefer = { prefer: 'respond-async' };
      await service.api.start(key, all, { correlationId }, { ...prefer, ...callers.alex });
      return taskOf(correlationId);
    },
    complete: (id: string, variables: object, caller = 'kim') =>
      post(`/api/tasks/${id}/complete`, { variables }, caller),
    status: (correlationId: string, headers = {}) => service.api.status(correlationId, headers),
    async events(correlationId: string) {
      return (await get(`/api/process/${correlationId}/events`)).body.events;
    },
    engine: engineCall,
    /** Finds the timer of a process; the function lets it fire now. */
    async timerOf(correlationId: string): Promise<() => Promise<void>> {
      const [instance] = await engineCall<{ id: string }[]>(
        'GET',
        `/process-instance?businessKey=${correlationId}`,
      );
      const path = `/job?processInstanceId=${instance?.id}`;
      const [timer] = await engineCall<{ id: string }[]>('GET', path);
      return () => engineCall<void>('POST', `/job/${timer?.id}/execute`);
    },
    async restart(): Promise<void> {
      await service.stop();
      service = await startTestService(settings, folder, callers.kim);
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
