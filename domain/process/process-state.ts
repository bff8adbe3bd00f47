import type { Json, Timestamp } from '../common/index.ts';
import {
  type FailureKind,
  type ProcessRequested,
  type StoredEvent,
  unreachable,
} from './events.ts';

export type ProcessStatus = 'pending' | 'ok' | 'error';

interface ProcessError {
  kind: FailureKind;
  /** Stable, for programs: the BPMN error code of a refusal, or a code of ours. At most 255 characters. */
  code: string;
  /** For people. */
  message: string;
  /** The step that failed, when one did. */
  step: string | null;
}

/** The fold of a process: one row of `process_store`. */
export interface ProcessState {
  correlationId: string;
  processName: string;
  status: ProcessStatus;
  /** The result of an `ok` process, else null. */
  data: Json;
  error: ProcessError | null;
  /** The step of the last event. */
  currentStep: string | null;
  processInstanceId: string | null;
  /**
   * When it was accepted, or the later time at which it was to begin. Before its instance begins, a time after
   * `updatedAt` is that of a process which still waits for it (`waitsUntil`).
   */
  startedAt: Timestamp;
  updatedAt: Timestamp;
  completedAt: Timestamp | null;
  /** Version of the last event folded in. */
  version: number;
}

/**
 * Folds one event into the state; `null` is the state before the first event.
 *
 * Events of a stream come in commit order, which is not always the order of things: a fast first
 * step may be journaled before `process-started`, and a step may end after a cancel. So the first
 * final event decides the outcome, and later events only raise the version. A retry of a
 * technical failure takes it back, and the first final event after the retry decides again.
 */
export function evolve(state: ProcessState | null, event: StoredEvent): ProcessState {
  const base = state ?? initialState(event);
  const next: ProcessState = { ...base, version: event.version, updatedAt: event.createdAt };
  switch (event.type) {
    case 'process-requested':
      return { ...next, startedAt: beginOf(event) };
    case 'message-delivered':
      return next;
    case 'process-started':
      return { ...next, processInstanceId: event.data.processInstanceId };
    case 'step-completed':
    case 'step-failed':
      return isEnded(base) ? next : { ...next, currentStep: event.step.name };
    case 'process-completed':
      return ended(next, event.createdAt, { status: 'ok', data: event.data.result, error: null });
    case 'process-failed':
      return ended(next, event.createdAt, {
        status: 'error',
        data: null,
        error: {
          kind: event.data.kind,
          code: short(event.data.code),
          message: event.data.message,
          step: event.data.failedStep === null ? null : short(event.data.failedStep),
        },
      });
    case 'process-cancelled':
      return ended(next, event.createdAt, {
        status: 'error',
        data: null,
        error: {
          kind: 'cancelled',
          code: 'CANCELLED',
          message: event.data.reason,
          step: base.currentStep,
        },
      });
    case 'process-retried':
      return isRetryable(base)
        ? { ...next, status: 'pending', error: null, completedAt: null }
        : next;
    default:
      return unreachable(event);
  }
}

/** Characters of an error's code and step: what their columns hold. */
const MAX_NAME = 255;

/** A text as its column holds it, so that a state is the same from memory, table and events. */
function short(name: string): string {
  const text = name.toWellFormed();
  return text.length > MAX_NAME ? [...text].slice(0, MAX_NAME).join('') : text;
}

/** Folds a whole stream, or the rest of one onto a known state. */
export function fold(
  events: readonly StoredEvent[],
  from: ProcessState | null = null,
): ProcessState | null {
  return events.reduce<ProcessState | null>(evolve, from);
}

/** True once the process has its outcome. */
export function isEnded(state: ProcessState): boolean {
  return state.status !== 'pending';
}

/** True when a retry makes sense: something broke, and neither a rule nor a person refused. */
export function isRetryable(state: ProcessState): boolean {
  return state.status === 'error' && state.error?.kind === 'technical';
}

/** When the instance of a requested process is to begin: at its `startAt`, if that is later than the request. */
export function beginOf({ createdAt, data }: StoredEvent & ProcessRequested): Timestamp {
  return data.startAt !== undefined && data.startAt > createdAt ? data.startAt : createdAt;
}

/** The time for which a process waits before its instance begins; null when it does not wait, or has begun. */
export function waitsUntil(
  state: Pick<ProcessState, 'status' | 'processInstanceId' | 'startedAt' | 'updatedAt'>,
): Timestamp | null {
  const { status, processInstanceId, startedAt, updatedAt } = state;
  const waits = status === 'pending' && processInstanceId === null && startedAt > updatedAt;
  return waits ? startedAt : null;
}

function initialState(event: StoredEvent): ProcessState {
  return {
    correlationId: event.correlationId,
    processName: event.processName,
    status: 'pending',
    data: null,
    error: null,
    currentStep: null,
    processInstanceId: null,
    startedAt: event.createdAt,
    updatedAt: event.createdAt,
    completedAt: null,
    version: 0,
  };
}

function ended(
  state: ProcessState,
  at: Timestamp,
  outcome: Pick<ProcessState, 'status' | 'data' | 'error'>,
): ProcessState {
  if (isEnded(state)) return state;
  // One that ended before it was to begin has taken no time.
  const startedAt = state.startedAt > at ? at : state.startedAt;
  return { ...state, ...outcome, startedAt, completedAt: at };
}
