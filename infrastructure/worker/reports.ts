import { cutText, EngineRefusedError } from '../../domain/common/index.ts';
import type { Report } from '../../domain/steps/index.ts';

/** UTF-16 units that the engines keep of a failure's message. */
const MAX_FAILURE_MESSAGE = 666;
/** UTF-16 units of the message of a BPMN error, which may become a String variable (`errorMessageVariable`). */
const MAX_ERROR_MESSAGE = 4_000;

/** Sees what a worker asks of the engine. */
export interface WorkerObserver {
  /** Called when the engine was asked for tasks. */
  onPoll(outcome: 'ok' | 'error'): void;
  /** Makes one call of the engine, for instance measured. */
  makeCall(operation: string, call: () => Promise<void>): Promise<void>;
}

export const NO_OBSERVER: WorkerObserver = {
  onPoll() {},
  makeCall: (_operation, call) => call(),
};

export function failureMessage(message: string): string {
  return cutText(message, MAX_FAILURE_MESSAGE);
}

export function errorMessage(message: string): string {
  return cutText(message, MAX_ERROR_MESSAGE);
}

/** What an error says of the report that met it. */
export function reportOf(error: unknown): Report {
  if (!(error instanceof EngineRefusedError)) return { kind: 'unreachable' };
  const { httpStatus: status, message: reason } = error;
  const isGone = status === 404 || (status === 400 && isLockedByOther(reason));
  return isGone ? { kind: 'gone' } : { kind: 'refused', reason };
}

/** Another worker has the task. The engines say so in words only. */
function isLockedByOther(reason: string): boolean {
  return reason.includes('It is locked by worker');
}
