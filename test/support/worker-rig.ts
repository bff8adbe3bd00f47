import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { z } from 'zod';
import type { JsonObject } from '../../domain/common/json.ts';
import { startInstance } from '../../domain/engine/start-instance.ts';
import { decide } from '../../domain/process/decide.ts';
import { isFinal, type ProcessIdentity, type StoredEvent } from '../../domain/process/events.ts';
import {
  defineProcess,
  type ProcessDefinition,
  type StepBuilder,
  type StepDefinition,
} from '../../domain/steps/define-process.ts';
import { startWorker } from '../../infrastructure/camunda/start-worker.ts';
import type { EventRow } from '../../infrastructure/sql/columns.ts';
import { openSqliteDatabase } from '../../infrastructure/sqlite/database.ts';
import type { RunningWorker } from '../../infrastructure/worker/task-runs.ts';
import {
  type StepWorkerOptions,
  startStepWorker,
  type TaskSource,
} from '../../src/composition/engine/step-worker.ts';
import { until } from './children.ts';
import { temporaryFolder } from './databases.ts';
import { createDirectProxy } from './direct-proxy.ts';
import { connectEngine, engineApi, type TestEngine } from './engines.ts';
import { startEngineProxy } from './worker-proxy.ts';

export interface LogLine {
  level: string;
  fields: Record<string, unknown>;
  message: string;
}

interface ProcessSpec {
  steps: (step: StepBuilder<Record<string, unknown>>) => readonly StepDefinition[];
  /** Steps whose business errors lead to `errorStep`. */
  catches?: readonly string[];
  errorStep?: string;
  /** XML of the `camunda:inputOutput` of steps. */
  mappings?: Readonly<Record<string, string>>;
}

export type WorkerRig = Awaited<ReturnType<typeof openWorkerRig>>;

/** Opens a rig on an engine for the tests of a block, stops its workers after each test, and closes both at the end. */
export function useWorkerRig(
  openEngine: () => Promise<TestEngine>,
  use: (rig: WorkerRig) => void,
): void {
  let rig: WorkerRig | undefined;
  let engine: TestEngine | undefined;
  beforeAll(async () => {
    engine = await openEngine();
    rig = await openWorkerRig(engine);
    use(rig);
  });
  afterEach(() => rig?.idle());
  afterAll(async () => {
    await rig?.close();
    await engine?.stop();
  });
}

/** A proxy in front of an engine, and the sources of tasks with and without it. */
async function betweenWorkerAnd({ url, embedded }: TestEngine) {
  if (embedded) {
    const proxy = createDirectProxy(embedded);
    const proxied: TaskSource = { kind: 'embedded', engine: proxy.engine };
    const unproxied: TaskSource = { kind: 'embedded', engine: embedded };
    return { proxy, proxied, unproxied };
  }
  const proxy = await startEngineProxy(url);
  const proxied: TaskSource = { kind: 'rest', startWorker, baseUrl: proxy.url };
  const unproxied: TaskSource = { kind: 'rest', startWorker, baseUrl: url };
  return { proxy, proxied, unproxied };
}

/** Opens the surroundings of a worker: a real event store, a real engine, and a proxy between worker and engine. */
export async function openWorkerRig(running: TestEngine) {
  const folder = temporaryFolder();
  const file = `${folder.path}/rig.db`;
  const database = await openSqliteDatabase({
    file,
    clock: Date.now,
    leaseMs: 0,
    onAppended: () => {},
  });
  const { eventStore, knex } = database;
  const engine = connectEngine(running);
  const { proxy, proxied, unproxied } = await betweenWorkerAnd(running);
  const api = engineApi(running.url);
  const workers = new Set<RunningWorker>();
  const keys: string[] = [];
  const log: LogLine[] = [];

  async function process(spec: ProcessSpec) {
    const key = `test-${randomUUID().slice(0, 13)}`;
    keys.push(key);
    const { errorStep = null, catches = [], mappings = {} } = spec;
    const definition = defineProcess({
      key,
      title: key,
      input: z.object({}),
      settings: z.object({}),
      identifiers: () => ({}),
      example: {},
      steps: spec.steps,
    });
    const row = definition.steps.map((step) => step.name).filter((name) => name !== errorStep);
    const content = bpmnOf(key, row, { catches, errorStep, mappings });
    await engine.deploy(key, [{ fileName: `${key}.bpmn`, content }]);
    return definition;
  }

  /** Requests a process without starting its instance. */
  async function request(
    { key }: ProcessDefinition,
    variables: JsonObject = {},
    identity: ProcessIdentity = {},
  ) {
    const correlationId = `${key}-${randomUUID()}`;
    const { events } = await eventStore.append(
      correlationId,
      decide(
        { type: 'request-process', processName: key, identity, variables, requestHash: '' },
        null,
      ),
    );
    return { correlationId, eventId: events[0]?.id ?? '' };
  }

  /** Requests a process and starts its instance, as the service does. */
  async function start(...wanted: Parameters<typeof request>) {
    const { correlationId, eventId } = await request(...wanted);
    const job = { name: 'start-instance', correlationId, eventId, redelivered: false } as const;
    await startInstance(job, { attempt: 1 }, { eventStore, engine, clock: Date.now });
    const started = (await eventStore.readStream(correlationId)).find(
      (event) => event.type === 'process-started',
    );
    return { correlationId, instanceId: started?.data.processInstanceId ?? '' };
  }

  /** Starts a worker for all steps of a process, by default on the proxy. */
  function work(
    definition: ProcessDefinition,
    options: Partial<StepWorkerOptions> = {},
  ): RunningWorker {
    const worker = startStepWorker({
      tasks: proxied,
      steps: definition.steps.map((step) => ({ definition, step, settings: {} })),
      engine,
      eventStore,
      log: recordingLog(log),
      concurrency: 8,
      lockDurationMs: 20_000,
      longPollMs: 300,
      ...options,
    });
    workers.add(worker);
    return worker;
  }

  /** Stops the workers of a test, so that they do not poll during the next test. */
  async function idle(): Promise<void> {
    await Promise.all([...workers].map((worker) => worker.stop(0)));
    workers.clear();
    proxy.intercept(() => 'pass');
  }

  /** Waits until `enough` is true for the events of a stream. */
  function events(
    correlationId: string,
    enough: (events: readonly StoredEvent[]) => boolean,
    what: string,
  ): Promise<StoredEvent[]> {
    return until(async () => {
      const found = await eventStore.readStream(correlationId);
      return enough(found) && found;
    }, what);
  }

  return {
    file,
    database,
    eventStore,
    engine,
    clock: Date.now,
    /** Whether the engine is in this process. */
    isDirect: running.embedded !== undefined,
    /** The source of tasks for a worker without the proxy. */
    unproxied,
    proxy,
    api,
    log,
    process,
    request,
    start,
    work,
    events,
    ended: (correlationId: string) =>
      events(correlationId, (all) => all.some(({ type }) => isFinal(type)), 'the process ends'),
    /** Takes the lock of its only task from an instance: a hold without a clock does not run out by itself. */
    async loseLock(instanceId: string): Promise<void> {
      if (!running.embedded) return;
      const [task] = await api.tasks(instanceId);
      await api.unlock(task?.id ?? '');
    },
    /** The stored rows, without those of request and start. */
    async rows(correlationId: string): Promise<EventRow[]> {
      return knex('event_log')
        .where('correlation_id', correlationId)
        .whereNotIn('event_type', ['process-requested', 'process-started'])
        .orderBy('version');
    },
    idle,
    async close() {
      await idle();
      for (const key of keys) await api.removeProcess(key);
      await proxy.stop();
      await engine.close();
      await database.close();
      folder.remove();
    },
  };
}

/** The events of steps and of the end. A fast first step may be journaled before `process-started`. */
export function happened<Event extends { type: string }>(events: readonly Event[]): Event[] {
  return events.filter(({ type }) => type !== 'process-requested' && type !== 'process-started');
}

function recordingLog(lines: LogLine[]): StepWorkerOptions['log'] {
  const at =
    (level: string) =>
    (fields: object, message = ''): void => {
      lines.push({ level, fields: { ...fields }, message });
    };
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  return { ...log, child: () => log };
}

/** The fields that a step needs and that do not matter in a test. */
export function plain(name: string, number = 1) {
  return {
    name,
    number,
    input: z.object({}),
    output: z.object({}),
    successText: `${name} done`,
    errorText: `${name} not done`,
  };
}

/** External tasks one after the other; the business error of each in `catches` leads to the task `errorStep`. */
export function bpmnOf(
  key: string,
  steps: readonly string[],
  more: {
    catches: readonly string[];
    errorStep: string | null;
    mappings?: ProcessSpec['mappings'];
  },
): string {
  const { catches, errorStep, mappings = {} } = more;
  const path = ['start', ...steps, 'end'];
  const flows = path
    .slice(1)
    .map((to, at) => `<bpmn:sequenceFlow id="f${at}" sourceRef="${path[at]}" targetRef="${to}" />`);
  const boundaries = catches.map(
    (name) =>
      `<bpmn:boundaryEvent id="caught_${name}" attachedToRef="${name}"><bpmn:errorEventDefinition id="error_${name}" /></bpmn:boundaryEvent>
    <bpmn:sequenceFlow id="to_error_${name}" sourceRef="caught_${name}" targetRef="${errorStep}" />`,
  );
  const errorTask =
    errorStep === null
      ? ''
      : `${task(key, errorStep)}<bpmn:endEvent id="error_end" /><bpmn:sequenceFlow id="to_refused" sourceRef="${errorStep}" targetRef="error_end" />`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="d" targetNamespace="http://bpmn.io/schema/bpmn">
  <bpmn:process id="${key}" isExecutable="true" camunda:historyTimeToLive="P1D">
    <bpmn:startEvent id="start" />
    ${steps.map((name) => task(key, name, mappings[name])).join('\n    ')}
    <bpmn:endEvent id="end" />
    ${[...flows, ...boundaries].join('\n    ')}
    ${errorTask}
  </bpmn:process>
</bpmn:definitions>`;
}

function task(key: string, name: string, mapping = ''): string {
  const inside = mapping && `<camunda:inputOutput>${mapping}</camunda:inputOutput>`;
  return `<bpmn:serviceTask id="${name}" camunda:type="external" camunda:topic="${key}.${name}">
      <bpmn:extensionElements>${inside}</bpmn:extensionElements>
    </bpmn:serviceTask>`;
}
