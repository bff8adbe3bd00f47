import { type Clock, EngineRefusedError, type JsonObject } from '../common/index.ts';
import type { ExternalTasks, WaitingTasks } from './external-tasks.ts';
import { createHandOut, type FetchAnswer, viewOf, type WorkerFetch } from './hand-out.ts';
import { createHandedOut } from './handed-out.ts';
import { createOpenRun } from './open-run.ts';
import type { ConfiguredStep, StepPorts } from './step-run.ts';
import { createFindTaskStep, topicsOf } from './topics.ts';
import { engineWorker, isWorkerOf, type WorkerElsewhere } from './worker-name.ts';
import {
  createWorkerResults,
  type NotHeld,
  type ResultAnswer,
  type WorkerResult,
} from './worker-results.ts';

/** A topic whose tasks wait for a worker elsewhere. */
export interface WaitingTopic extends WaitingTasks {
  topic: string;
  /** The steps that do its tasks, with their processes. */
  steps: { processKey: string; step: string }[];
}

/** The tasks of steps with `elsewhere: true`, for their workers. All calls may throw EngineUnavailableError. */
export interface TasksElsewhere {
  /** @param hungUp aborted when the caller is gone */
  fetch(fetch: WorkerFetch, hungUp: AbortSignal): Promise<FetchAnswer>;
  /** Journals what a worker says of its task, and reports it to the engine. */
  take(id: string, worker: WorkerElsewhere, result: WorkerResult): Promise<ResultAnswer>;
  extendLock(id: string, worker: WorkerElsewhere, durationMs: number): Promise<LockAnswer>;
  /** Gives a task back that a worker of this caller has. */
  unlock(id: string, worker: Omit<WorkerElsewhere, 'workerId'>): Promise<LockAnswer>;
  /** Null when it is not open, or of no step that is done elsewhere. */
  find(id: string): Promise<JsonObject | null>;
  /** The topics with tasks that nobody has. */
  waitingTopics(): Promise<WaitingTopic[]>;
  /** How many workers wait for tasks now. */
  waiting(): number;
  /** Answers all who wait, and lets nobody wait from now on: at the stop. */
  release(): void;
  readonly isReleased: boolean;
}

export type LockAnswer = { kind: 'done' } | NotHeld | { kind: 'expired' };

/** Milliseconds for which a result waits for the database. */
const JOURNAL_TIMEOUT_MS = 5_000;

/** @param options.steps of all processes; those that are done here are left out */
export function createTasksElsewhere({
  steps,
  tasks,
  ports,
  clock,
}: {
  steps: readonly ConfiguredStep[];
  tasks: ExternalTasks;
  ports: StepPorts;
  clock: Clock;
}): TasksElsewhere {
  const own = steps.filter(({ step }) => step.elsewhere);
  const findStep = createFindTaskStep(own);
  const topics = topicsOf(own);
  let released = false;
  const handedOut = createHandedOut(clock);
  const shared = {
    steps: own,
    tasks,
    ports,
    clock,
    handedOut,
    openRun: createOpenRun(ports),
    journalTimeout: () => AbortSignal.timeout(JOURNAL_TIMEOUT_MS),
  };
  const handOut = createHandOut(shared);
  const results = createWorkerResults(shared);
  /** Of the workers who wait. */
  const waiting = new Set<AbortController>();

  return {
    async fetch(fetch, hungUp) {
      const ending = new AbortController();
      const end = (): void => ending.abort();
      hungUp.addEventListener('abort', end, { once: true });
      if (hungUp.aborted || released) end();
      waiting.add(ending);
      try {
        return await handOut(fetch, { hungUp, ending: ending.signal });
      } finally {
        waiting.delete(ending);
        hungUp.removeEventListener('abort', end);
      }
    },
    take: results.take,
    async extendLock(id, worker, durationMs) {
      const workerId = engineWorker(worker);
      const held = await results.claim(id, workerId, durationMs);
      if (held.kind !== 'held') return held;
      try {
        await tasks.extendLock(id, workerId, durationMs);
      } catch (error) {
        if (!(error instanceof EngineRefusedError)) throw error;
        return error.httpStatus === 404 ? { kind: 'unknown' } : { kind: 'expired' };
      }
      handedOut.extend(id, workerId, durationMs);
      return { kind: 'done' };
    },
    async unlock(id, { callerId }) {
      const task = await tasks.find(id);
      if (!task || !findStep(task)) return { kind: 'unknown' };
      const { workerId } = task;
      if (workerId === null) return { kind: 'done' };
      if (!isWorkerOf(callerId, workerId)) return { kind: 'locked', by: workerId };
      handedOut.delete(id);
      await tasks.unlock(id);
      return { kind: 'done' };
    },
    async find(id) {
      const task = await tasks.find(id);
      return task && findStep(task) ? viewOf(task) : null;
    },
    async waitingTopics() {
      const found = await Promise.all(
        topics.map(async ({ name: topic, processKeys }) => ({
          topic,
          steps: stepsOf(topic),
          ...(await tasks.waiting({ name: topic, processKeys })),
        })),
      );
      return found.filter(({ count }) => count > 0);
    },
    waiting: () => waiting.size,
    release() {
      released = true;
      for (const ending of waiting) ending.abort();
    },
    get isReleased() {
      return released;
    },
  };

  function stepsOf(topic: string): WaitingTopic['steps'] {
    return own
      .filter((one) => topicsOf([one])[0]?.name === topic)
      .map(({ definition, step }) => ({ processKey: definition.key, step: step.name }));
  }
}
