import { setTimeout as sleep } from 'node:timers/promises';
import { type Task, type TaskService, Variables } from 'camunda-external-task-client-js';
import type { StepDefinition } from '../../../domain/define-process.ts';
import type { StepCompleted, StepFailed, StoredEvent } from '../../../domain/events.ts';
import { toEngineVariables, type VariableValue } from '../variables.ts';

/** What became of a report. */
export type Told =
  | { kind: 'told' }
  /** The engine knows the task no more, or somebody else has it: there is nothing left to say. */
  | { kind: 'gone' }
  /** The engine cannot be reached: the task comes again when its lock has run out. */
  | { kind: 'unreachable' }
  /** The engine heard, and cannot go on from here. */
  | { kind: 'refused'; reason: string };

/** Attempts at one report, and milliseconds before the second; doubled before each later one. */
const ATTEMPTS = 5;
const PAUSE_MS = 50;

/** Statuses that speak of the way to the engine, or of settings to be mended, not of the report. */
const PASSING = new Set([401, 403, 408, 429, 502, 503, 504]);
/** Milliseconds the lock is extended by, to see whether the engine works at all. */
const PROBE_LOCK_MS = 30_000;

/** Completes the task with the journaled output. */
export function tellCompleted(
  taskService: TaskService,
  task: Task,
  step: StepDefinition,
  event: StoredEvent & StepCompleted,
): Promise<Told> {
  const variables = asVariables(withDates(step, event.data.output));
  return report(taskService, task, () => taskService.complete(task, variables));
}

/** Reports a journaled failure; `details` marks in the engine which one it was. */
export function tellFailed(
  taskService: TaskService,
  task: Task,
  event: StoredEvent & StepFailed,
): Promise<Told> {
  const { message, retriesLeft, retryIn } = event.data;
  return report(taskService, task, () =>
    taskService.handleFailure(task, {
      errorMessage: message,
      errorDetails: failureMark(event),
      retries: retriesLeft,
      retryTimeout: retryIn,
    }),
  );
}

/** How the engine's task shows that a journaled failure was reported. */
export function failureMark(event: StoredEvent): string {
  return `journaled as ${event.dedupeKey}`;
}

/** Throws the BPMN error of a journaled refusal; its code, message and step become variables. */
export function tellRefused(
  taskService: TaskService,
  task: Task,
  event: StoredEvent & StepFailed,
): Promise<Told> {
  const { code, message } = event.data;
  const variables = asVariables({
    errorCode: code,
    errorMessage: message,
    errorStep: event.step.name,
  });
  return report(taskService, task, () =>
    taskService.handleBpmnError(task, code, message, variables),
  );
}

async function report(
  taskService: TaskService,
  task: Task,
  call: () => Promise<void>,
): Promise<Told> {
  for (let attempt = 1; ; attempt++) {
    try {
      await call();
      return { kind: 'told' };
    } catch (error) {
      const { status, reason } = read(error);
      const refusal = status !== null && !PASSING.has(status) && !isConcurrent(reason);
      if (status === 404 || (status === 400 && isLockedByOther(reason))) return { kind: 'gone' };
      if (refusal && status < 500) return { kind: 'refused', reason };
      if (attempt >= ATTEMPTS) {
        return refusal && (await engineWorks(taskService, task))
          ? { kind: 'refused', reason }
          : { kind: 'unreachable' };
      }
      // 500 is also what Camunda answers to one of two transactions that met: the next attempt goes
      // through, and when it does not, the one behind that finds the task free again.
      await sleep(PAUSE_MS * 2 ** (attempt - 1));
    }
  }
}

/**
 * OptimisticLockingException: two branches reached a join at the same moment, or the lock was extended, or
 * a report that had lost its connection is still being worked on. Under load that can outlast all attempts.
 */
function isConcurrent(reason: string): boolean {
  return reason.includes('ENGINE-03005') || reason.includes('OptimisticLocking');
}

/** The lock ran out and another worker has the task. The engines say so in words only. */
function isLockedByOther(reason: string): boolean {
  return reason.includes('It is locked by worker');
}

/** Tells a report that the engine cannot take from an engine whose own database is away. */
async function engineWorks(taskService: TaskService, task: Task): Promise<boolean> {
  try {
    await taskService.extendLock(task, PROBE_LOCK_MS);
    return true;
  } catch (error) {
    const { status } = read(error);
    return status !== null && status < 500 && !PASSING.has(status);
  }
}

/** The client's EngineError carries the HTTP status; anything else is a failed connection. */
function read(error: unknown): { status: number | null; reason: string } {
  const { httpStatusCode, message, engineMsg } = (error ?? {}) as {
    httpStatusCode?: unknown;
    message?: unknown;
    engineMsg?: unknown;
  };
  return {
    status: typeof httpStatusCode === 'number' ? httpStatusCode : null,
    reason: String(engineMsg ?? message ?? error),
  };
}

function asVariables(values: Record<string, VariableValue>): Variables {
  const variables = new Variables();
  for (const [name, { type, value }] of Object.entries(toEngineVariables(values))) {
    variables.setTyped(name, { type: type ?? 'String', value, valueInfo: {} });
  }
  return variables;
}

/** The journal holds dates as texts; what the output schema calls a date is one again. */
function withDates(
  step: StepDefinition,
  output: StepCompleted['data']['output'],
): Record<string, VariableValue> {
  const values: Record<string, VariableValue> = { ...output };
  for (const [name, schema] of Object.entries(step.output.shape)) {
    const value = output[name];
    if (typeof value === 'string' && isDateSchema(schema)) values[name] = new Date(value);
  }
  return values;
}

function isDateSchema(schema: unknown): boolean {
  const { def } = schema as { def?: { type?: string; innerType?: unknown } };
  if (!def) return false;
  return def.type === 'date' || (def.innerType !== undefined && isDateSchema(def.innerType));
}
