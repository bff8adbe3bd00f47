import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { Engine } from '../../domain/engine/engine.ts';
import type { Job } from '../../domain/outbox/queue.ts';
import { createRestEngine } from '../../infrastructure/camunda/rest-engine.ts';
import { createDirectEngine } from '../../infrastructure/embedded-engine/direct-engine.ts';
import type { EmbeddedEngine } from '../../infrastructure/embedded-engine/engine-api.ts';
import { startEmbeddedEngine } from '../../infrastructure/embedded-engine/start.ts';
import { bpmn, end, flows, start, task } from './bpmn/model.ts';
import { databaseKinds, type TestDatabase, temporaryFolder } from './databases.ts';
import { requested } from './events.ts';
import { serverUrl } from './servers.ts';

export interface TestEngine {
  /** Base URL of its REST API. */
  url: string;
  /** An engine in this process: called directly, as the service does. */
  embedded?: EmbeddedEngine;
  stop(): Promise<void>;
}

export interface EngineKind {
  name: string;
  available: boolean;
  /** It is in this process, and called directly. */
  isDirect: boolean;
  open(): Promise<TestEngine>;
}

/** The engines that the suites run against. */
export async function engineKinds(): Promise<EngineKind[]> {
  const [operaton, camunda7] = await Promise.all([serverUrl('operaton'), serverUrl('camunda7')]);
  return [embeddedEngine(), running('Operaton', operaton), running('Camunda 7', camunda7)];
}

/** The engines for the suites about what the service asks of an engine, the embedded one in both ways. */
export async function portKinds(): Promise<EngineKind[]> {
  const [embedded, ...others] = await engineKinds();
  return embedded ? [embedded, embeddedOverRest(), ...others] : others;
}

/** The engine port as the service has it. */
export function connectEngine({ url, embedded }: TestEngine): Engine & { close(): Promise<void> } {
  return embedded ? createDirectEngine(embedded) : createRestEngine({ baseUrl: url });
}

/** The embedded engine by its REST API, as workers in other languages see it. */
function embeddedOverRest(): EngineKind {
  const kind = embeddedEngine();
  return {
    ...kind,
    name: 'the embedded engine over REST',
    isDirect: false,
    async open() {
      const { url, stop } = await kind.open();
      return { url, stop };
    },
  };
}

/** The embedded engine as the service runs it. */
export function embeddedEngine(): EngineKind {
  return embedded('the embedded engine', {});
}

/**
 * The embedded engine without its cache: every step starts from the saved state of the step before, as after a restart.
 */
export function engineWithoutCache(): EngineKind {
  return embedded('the embedded engine, restored before every step', { liveInstances: 0 });
}

function embedded(name: string, options: { liveInstances?: number }): EngineKind {
  return {
    name,
    available: true,
    isDirect: true,
    async open() {
      const folder = temporaryFolder();
      const file = join(folder.path, 'test.db');
      const log = { warn: logLine, error: logLine };
      const engine = await startEmbeddedEngine({ ...options, file, log });
      return {
        url: engine.url,
        embedded: engine.engine,
        async stop() {
          await engine.stop();
          folder.remove();
        },
      };
    },
  };
}

/** An engine that runs already and keeps running after the suite. */
function running(name: string, url: string | null): EngineKind {
  return {
    name,
    available: url !== null,
    isDirect: false,
    open: async () => ({ url: url ?? '', stop: async () => {} }),
  };
}

function logLine(fields: object, message: string): void {
  process.stderr.write(`embedded engine: ${message} ${JSON.stringify(fields)}\n`);
}

const variablesAnswer = z.record(z.string(), z.object({ type: z.string(), value: z.unknown() }));
const tasksAnswer = z.array(
  z.object({
    id: z.string(),
    retries: z.number().nullable(),
    workerId: z.string().nullable(),
    lockExpirationTime: z.string().nullable(),
  }),
);
const incidentsAnswer = z.array(z.object({ incidentMessage: z.string().nullable() }));
const startAnswer = z.object({ id: z.string() });
const historyAnswer = z.object({ state: z.string() });

/** Calls to an engine that the tests need and the service does not make. */
export function engineApi(url: string) {
  async function call(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
    return text === '' ? null : JSON.parse(text);
  }
  return {
    async variables(instanceId: string) {
      return variablesAnswer.parse(await call('GET', `/process-instance/${instanceId}/variables`));
    },
    async tasks(instanceId: string) {
      return tasksAnswer.parse(await call('GET', `/external-task?processInstanceId=${instanceId}`));
    },
    async incidents(instanceId: string) {
      return incidentsAnswer.parse(await call('GET', `/incident?processInstanceId=${instanceId}`));
    },
    async state(instanceId: string) {
      return historyAnswer.parse(await call('GET', `/history/process-instance/${instanceId}`))
        .state;
    },
    unlock: (taskId: string) => call('POST', `/external-task/${taskId}/unlock`),
    setRetries: (taskId: string, retries: number) =>
      call('PUT', `/external-task/${taskId}/retries`, { retries }),
    async startRaw(key: string, businessKey: string | null, variables: Record<string, unknown>) {
      const path = `/process-definition/key/${key}/start`;
      return startAnswer.parse(await call('POST', path, { businessKey, variables }));
    },
    /** Removes a process definition with all its instances; the embedded engine is deleted as a whole instead. */
    async removeProcess(key: string) {
      const found = await fetch(`${url}/deployment?name=${key}`);
      if (!found.ok) return;
      const deployments = z.array(z.object({ id: z.string() })).parse(await found.json());
      for (const { id } of deployments) {
        await call('DELETE', `/deployment/${id}?cascade=true&skipCustomListeners=true`);
      }
    },
  };
}

/** An engine with a process of one task that no worker runs, and a database: for the engine's jobs. */
export async function openInstances(kind: EngineKind) {
  const key = `instances-${randomUUID()}`;
  const running = await kind.open();
  const engine = connectEngine(running);
  const content = bpmn(
    key,
    start(),
    task('wait', `${key}.wait`),
    end(),
    flows('start', 'wait', 'end'),
  );
  await engine.deploy(key, [{ fileName: `${key}.bpmn`, content }]);
  const sqlite = databaseKinds().find(({ name }) => name === 'SQLite');
  if (!sqlite) throw new Error('no SQLite');
  const database: TestDatabase = await sqlite.open();
  return {
    key,
    engine: engine as Engine,
    eventStore: database.eventStore,
    clock: Date.now,
    /** Requests a process; returns its start-instance job. */
    async request(correlationId: string, processName = key): Promise<Job> {
      const { events } = await database.eventStore.append(correlationId, [
        { ...requested(), processName },
      ]);
      const eventId = events[0]?.id ?? '';
      return { name: 'start-instance', correlationId, eventId, redelivered: false };
    },
    /** Ids of the instances that run. */
    async active(correlationId: string): Promise<string[]> {
      const found = await engine.findInstances(key, correlationId);
      return found.filter(({ state }) => state === 'active').map((one) => one.processInstanceId);
    },
    /** The types of the stream's events. */
    async types(correlationId: string): Promise<string[]> {
      const events = await database.eventStore.readStream(correlationId);
      return events.map(({ type }) => type);
    },
    async close(): Promise<void> {
      await engineApi(running.url).removeProcess(key);
      await engine.close();
      await running.stop();
      await database.destroy();
    },
  };
}

export type Instances = Awaited<ReturnType<typeof openInstances>>;
