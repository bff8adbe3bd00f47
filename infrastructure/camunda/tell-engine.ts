import { type Task, type TaskService, Variables } from 'camunda-external-task-client-js';
import {
  cutText,
  EngineRefusedError,
  EngineUnavailableError,
  withDates,
} from '../../domain/common/index.ts';
import type { VariableValue } from '../../domain/engine/index.ts';
import type { StepCompleted, StepFailed, StoredEvent } from '../../domain/process/index.ts';
import { callOrRefuse } from './call-or-refuse.ts';
import { failureOf } from './engine-answers.ts';
import { toEngineVariables } from './variables.ts';

/** What became of a report. */
export type Told =
  | { kind: 'told' }
  /** The engine knows the task no more, or somebody else has it: there is nothing left to say. */
  | { kind: 'gone' }
  /** The engine cannot be reached: the task comes again when its lock has run out. */
  | { kind: 'unreachable' }
  /** The engine heard, and cannot go on from here. */
  | { kind: 'refused'; reason: string };

/** Milliseconds before the second attempt at a report; doubled before each later one. */
const PAUSE_MS = 50;

/** UTF-16 units that the engines keep of a failure's message. */
export const MAX_FAILURE_MESSAGE = 666;
/** UTF-16 units of the message of a BPMN error, which may become a String variable (`errorMessageVariable`). */
const MAX_ERROR_MESSAGE = 4_000;
/** Milliseconds the lock is extended by, to see whether the engine works at all. */
const PROBE_LOCK_MS = 30_000;

/** Completes the task with the journaled output. */
export function tellCompleted(
  taskService: TaskService,
  task: Task,
  event: StoredEvent & StepCompleted,
): Promise<Told> {
  const variables = asVariables(withDates(event.data.output, event.data.dates));
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
      errorMessage: cutText(message, MAX_FAILURE_MESSAGE),
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
    taskService.handleBpmnError(task, code, cutText(message, MAX_ERROR_MESSAGE), variables),
  );
}

async function report(
  taskService: TaskService,
  task: Task,
  call: () => Promise<void>,
): Promise<Told> {
  try {
    await callOrRefuse(() => call().catch(rethrow), {
      probe: () => taskService.extendLock(task, PROBE_LOCK_MS).catch(rethrowUnlessKnown),
      pauseMs: PAUSE_MS,
      // A report says the same however often it is heard, so a lost answer is worth another attempt, too.
      isRepeatable: (error) => error instanceof EngineUnavailableError,
    });
    return { kind: 'told' };
  } catch (error) {
    if (!(error instanceof EngineRefusedError)) return { kind: 'unreachable' };
    const { httpStatus: status, message: reason } = error;
    const isGone = status === 404 || (status === 400 && isLockedByOther(reason));
    return isGone ? { kind: 'gone' } : { kind: 'refused', reason };
  }
}

/** The lock ran out and another worker has the task. The engines say so in words only. */
function isLockedByOther(reason: string): boolean {
  return reason.includes('It is locked by worker');
}

/** The client's EngineError carries the HTTP status; anything else is a failed connection. */
function rethrow(error: unknown): never {
  const { httpStatusCode: status, response } = (error ?? {}) as {
    httpStatusCode?: unknown;
    response?: { body?: unknown };
  };
  if (typeof status === 'number') throw failureOf(status, String(response?.body ?? ''));
  throw new EngineUnavailableError('the engine cannot be reached', {
    cause: error,
    outcome: 'unknown',
  });
}

/** An engine that says that the lock is lost works. */
function rethrowUnlessKnown(error: unknown): void {
  try {
    rethrow(error);
  } catch (failure) {
    if (!(failure instanceof EngineRefusedError)) throw failure;
  }
}

function asVariables(values: Record<string, VariableValue>): Variables {
  const variables = new Variables();
  for (const [name, { type, value }] of Object.entries(toEngineVariables(values))) {
    variables.setTyped(name, { type: type ?? 'String', value, valueInfo: {} });
  }
  return variables;
}
