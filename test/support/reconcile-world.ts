import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../../domain/common/json.ts';
import type { ReconcilePorts } from '../../domain/engine/reconcile-ports.ts';
import {
  type ReconcileOptions,
  reconcileProcesses,
} from '../../domain/engine/reconcile-processes.ts';
import { startInstance } from '../../domain/engine/start-instance.ts';
import { decide } from '../../domain/process/decide.ts';
import type { ProcessEvent } from '../../domain/process/events.ts';
import { fold, type ProcessState } from '../../domain/process/process-state.ts';
import { relayAll } from './archive-world.ts';
import { bpmn, end, flows, start, task } from './bpmn/model.ts';
import { databaseKinds } from './databases.ts';
import { connectEngine, type EngineKind, engineApi } from './engines.ts';

/** One task, for which our service has no worker. */
export const ONE_TASK = [start(), task('work'), end(), flows('start', 'work', 'end')];

export interface WireTask {
  id: string;
  activityId: string;
  retries: number | null;
}

export type ReconcileWorld = Awaited<ReturnType<typeof openReconcileWorld>>;

/** An engine and a database, on which the test itself does what a running service would do. */
export async function openReconcileWorld(kind: EngineKind) {
  const running = await kind.open();
  const engine = connectEngine(running);
  const [sqlite] = databaseKinds();
  if (!sqlite) throw new Error('no SQLite');
  const database = await sqlite.open();
  const { eventStore, processStore, processKeys, archive } = database;
  const keys: string[] = [];
  const lines: { level: string; message: string; fields: object }[] = [];
  const record =
    (level: string) =>
    (fields: object, message: string): void =>
      void lines.push({ level, message, fields });
  const log = { debug: record('debug'), info: record('info'), warn: record('warn') };

  async function call<T = unknown>(method: string, path: string, body?: unknown) {
    const answer = await fetch(running.url + path, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: (text === '' ? null : JSON.parse(text)) as T };
  }

  async function append(correlationId: string, event: ProcessEvent): Promise<void> {
    const [first] = await eventStore.readStream(correlationId, { limit: 1 });
    const processName = first?.processName ?? event.processName;
    await eventStore.append(correlationId, [{ ...event, processName }]);
    await processStore.project(correlationId);
  }

  /** Requests a process without starting its instance. */
  async function request(
    processName: string,
    variables: JsonObject = {},
    startAt?: string,
  ): Promise<string> {
    const correlationId = randomUUID();
    await eventStore.append(
      correlationId,
      decide(
        { type: 'request-process', processName, identity: {}, variables, requestHash: '', startAt },
        null,
      ),
    );
    await processStore.project(correlationId);
    return correlationId;
  }

  const world = {
    engine,
    eventStore,
    processStore,
    processKeys,
    clock: Date.now,
    url: running.url,
    lines,
    call,
    append,
    request,
    async deploy(...elements: string[]): Promise<string> {
      const key = `reconcile-${randomUUID()}`;
      keys.push(key);
      await engine.deploy(key, [{ fileName: `${key}.bpmn`, content: bpmn(key, ...elements) }]);
      return key;
    },
    /** Requests a process and starts it as its job does. */
    async run(key: string): Promise<{ id: string; instanceId: string }> {
      const id = await request(key);
      const job = { name: 'start-instance', correlationId: id, eventId: '', redelivered: false };
      await startInstance({ ...job, name: 'start-instance' }, { attempt: 1 }, world);
      const state = await processStore.project(id);
      return { id, instanceId: state?.processInstanceId ?? '' };
    },
    /** Runs the reconciler as if it were two minutes later, or `inMs` from now. */
    async reconcile(
      more: Partial<ReconcileOptions & ReconcilePorts> & {
        inMs?: number;
        signal?: AbortSignal;
      } = {},
    ): Promise<void> {
      const { inMs = 120_000, signal = new AbortController().signal } = more;
      await reconcileProcesses(
        {
          processStore,
          eventStore,
          processKeys,
          engine,
          attemptsOf: () => 1,
          log,
          clock: () => Date.now() + inMs,
          ...more,
        },
        { processKeys: keys, afterMs: 60_000, keepMs: 30 * 86_400_000, ...more },
        signal,
      );
    },
    /** Archives all that has ended. */
    async archive(): Promise<void> {
      await relayAll(database);
      const endedBefore = new Date(Date.now() + 60_000).toISOString();
      await archive.moveBatch({ endedBefore, limit: 500, after: undefined });
    },
    async state(id: string): Promise<ProcessState | null> {
      return fold(await eventStore.readStream(id));
    },
    async types(id: string): Promise<string[]> {
      return (await eventStore.readStream(id)).map(({ type }) => type);
    },
    /** Ids of the instances that run. */
    async runs(key: string, id: string): Promise<string[]> {
      const found = await engine.findInstances(key, id);
      return found.filter(({ endedAt }) => endedAt === null).map((one) => one.processInstanceId);
    },
    async tasks(instanceId: string): Promise<WireTask[]> {
      const path = `/external-task?processInstanceId=${instanceId}`;
      return (await call<WireTask[]>('GET', path)).body;
    },
    /** Locks the open task of an activity and reports on it, as a worker of another program. */
    async report(instanceId: string, activityId: string, how: string, body: object = {}) {
      const open = (await world.tasks(instanceId)).find((one) => one.activityId === activityId);
      const own = { workerId: 'elsewhere' };
      await call('POST', `/external-task/${open?.id}/lock`, { ...own, lockDuration: 60_000 });
      return call('POST', `/external-task/${open?.id}/${how}`, { ...own, ...body });
    },
    async close(): Promise<void> {
      for (const key of keys) await engineApi(running.url).removeProcess(key);
      await engine.close();
      await running.stop();
      await database.destroy();
    },
  };
  return world;
}
