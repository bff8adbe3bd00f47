import { type Clock, type JsonObject, sleep } from '../common/index.ts';
import { type EngineVariable, toEngineVariables } from '../engine/index.ts';
import { reservedValues } from '../process/index.ts';
import type { ExternalTasks, LockedTask, WantedTasks } from './external-tasks.ts';
import type { HandedOutTasks } from './handed-out.ts';
import { noStepFor } from './handle-task.ts';
import { journalOutcome } from './journal-outcome.ts';
import type { OpenRun } from './open-run.ts';
import { reportEvent } from './report-event.ts';
import { findUnreported, readJournal, reportJournaled } from './run-step.ts';
import { readInput } from './step-data.ts';
import type { ConfiguredStep, StepPorts, StepRun } from './step-run.ts';
import { createFindTaskStep, topicsOf } from './topics.ts';
import { engineWorker, ownWorkerId, type WorkerElsewhere } from './worker-name.ts';

/** A topic as a worker asks for it. */
export interface WorkerTopic
  extends Pick<
    WantedTasks,
    | 'name'
    | 'lockDurationMs'
    | 'processKeys'
    | 'processDefinitionIds'
    | 'businessKey'
    | 'versionTag'
    | 'extensionProperties'
  > {
  /** Names of the variables that it wants; null: all that the step has as its input. */
  variables: readonly string[] | null;
  /** Objects as JSON instead of the text of their serialization. */
  deserializeValues: boolean;
}

export interface WorkerFetch {
  worker: WorkerElsewhere;
  maxTasks: number;
  usePriority: boolean;
  order?: 'asc' | 'desc' | undefined;
  topics: readonly WorkerTopic[];
  /** Milliseconds that it waits when there is nothing. */
  waitMs: number;
}

/** A task for a worker, in Camunda's form. */
export interface TaskForWorker {
  task: JsonObject;
  variables: Record<string, EngineVariable>;
}

export type FetchAnswer =
  | { kind: 'tasks'; tasks: TaskForWorker[] }
  /** No step that is done elsewhere has it. */
  | { kind: 'unknown-topic'; topic: string };

export interface FetchSignals {
  /** The caller is gone: it gets nothing more. */
  hungUp: AbortSignal;
  /** Fires then, and when the service stops: nobody waits any more. */
  ending: AbortSignal;
}

/** What tasks are handed out to workers elsewhere with, and what their results are taken with. */
export interface WorkerPorts {
  steps: readonly ConfiguredStep[];
  tasks: ExternalTasks;
  ports: StepPorts;
  openRun: OpenRun;
  handedOut: HandedOutTasks;
  clock: Clock;
  /** For how long an outcome may wait for the journal. */
  journalTimeout: () => AbortSignal;
}

/**
 * Fetches tasks for workers elsewhere. What the journal has of a task is reported to the engine instead of handing it
 * out again (G2), and a task whose input does not fit its step fails without a worker.
 */
export function createHandOut(options: WorkerPorts) {
  const { steps, tasks, ports, openRun, handedOut, clock, journalTimeout } = options;
  const topics = new Map(topicsOf(steps).map((topic) => [topic.name, topic]));
  const findStep = createFindTaskStep(steps);

  return async (fetch: WorkerFetch, { hungUp, ending }: FetchSignals): Promise<FetchAnswer> => {
    const unknown = fetch.topics.find(({ name }) => !topics.has(name));
    if (unknown) return { kind: 'unknown-topic', topic: unknown.name };
    const wanted = fetch.topics.flatMap(wantedOf);
    const workerId = engineWorker(fetch.worker);
    for (const end = clock() + fetch.waitMs; ; ) {
      const left = Math.max(0, end - clock());
      if (wanted.length === 0) await sleep(left, ending);
      const locked =
        wanted.length === 0
          ? []
          : await tasks.fetch({ ...fetch, workerId, topics: wanted }, left, ending);
      const prepared = await Promise.all(locked.map((task) => prepare(task, fetch)));
      const found = prepared.filter((task) => task !== null);
      if (hungUp.aborted) {
        await Promise.all(found.map(({ id }) => giveBack(id)));
        return { kind: 'tasks', tasks: [] };
      }
      if (found.length > 0 || ending.aborted || clock() >= end) {
        return { kind: 'tasks', tasks: found.map(({ task, variables }) => ({ task, variables })) };
      }
    }
  };

  /** What to ask the engine for; nothing when no process with this topic is wanted. */
  function wantedOf(topic: WorkerTopic): WantedTasks[] {
    const own = topics.get(topic.name);
    if (!own) return [];
    const { processKeys: asked } = topic;
    const processKeys = own.processKeys?.filter((key) => asked?.includes(key) ?? true) ?? asked;
    if (processKeys?.length === 0) return [];
    return [{ ...topic, variables: own.variables, processKeys }];
  }

  /** Null: it is not for the worker. */
  async function prepare(locked: LockedTask, fetch: WorkerFetch) {
    const { id, businessKey, task } = locked;
    try {
      const step = findStep(locked);
      // Of another version of the model than the one that was checked. It comes again when its lock runs out.
      if (!step) throw new Error(noStepFor(locked));
      const run = await openRun(task, step, { stopping: journalTimeout() });
      if (!run) return null;
      const { journal, stream } = await readJournal(run);
      if (await reportJournaled(run, findUnreported(task, journal))) return null;
      const given = readInput(run);
      if (given.kind === 'unfit') {
        const { input, code, message } = given;
        const audit = auditOf(run);
        const failed = {
          kind: 'technical',
          input,
          code,
          message,
          nonRetryable: true,
          audit,
        } as const;
        const event = await journalOutcome(run, failed, journal.length, stream);
        if (event) await reportEvent(run, event);
        return null;
      }
      const topic = fetch.topics.find(({ name }) => name === locked.topic);
      const since = clock();
      handedOut.add(id, {
        run,
        workerId: engineWorker(fetch.worker),
        input: given.input,
        since,
        lockedUntil: since + (topic?.lockDurationMs ?? 0),
      });
      return { id, task: viewOf(locked), variables: variablesFor(locked, run, topic) };
    } catch (error) {
      // What was journaled stays, and the task comes again when its lock runs out.
      ports.log.error({ businessKey, taskId: id, err: error }, 'the task could not be handed out');
      return null;
    }
  }

  async function giveBack(id: string): Promise<void> {
    handedOut.delete(id);
    try {
      await tasks.unlock(id);
    } catch (error) {
      // Nothing is lost: the task is free when its lock runs out.
      ports.log.warn({ taskId: id, error: String(error) }, 'the task was not handed back');
    }
  }
}

/** A task as its worker sees it: with the worker's own id, and without what the service keeps at the task. */
export function viewOf({ view, workerId }: Pick<LockedTask, 'view' | 'workerId'>): JsonObject {
  return {
    ...view,
    workerId: workerId === null ? null : ownWorkerId(workerId),
    errorDetails: null,
  };
}

/** The variables of the step's input that the worker asks for: the service's own as the stream has them (G17). */
function variablesFor(
  { variables, task }: LockedTask,
  { step, stream }: StepRun,
  topic: WorkerTopic | undefined,
): Record<string, EngineVariable> {
  const reserved = toEngineVariables(reservedValues(stream.correlationId, stream.identity));
  const names = Object.keys(step.input.shape);
  const wanted = names.filter((name) => topic?.variables?.includes(name) ?? true);
  const shown = wanted.flatMap((name): [string, EngineVariable][] => {
    const found = reserved[name] ?? variables[name];
    if (!found) return [];
    if (!topic?.deserializeValues || !task.isObject(name)) return [[name, found]];
    return [[name, { ...found, value: task.variables[name] }]];
  });
  return Object.fromEntries(shown);
}

function auditOf({ step }: StepRun) {
  return {
    targetSystem: 'CamundaEngine',
    ...step.audit,
    httpStatusCode: 500,
    result: step.errorText,
  };
}
