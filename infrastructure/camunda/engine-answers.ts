import { cutText, EngineRefusedError, EngineUnavailableError } from '../../domain/common/index.ts';

/** An answer of an engine in trouble, or of a server in between: it says nothing about the call. */
export class EngineAnswerError extends EngineUnavailableError {
  constructor(
    readonly httpStatus: number,
    message: string,
    options?: ConstructorParameters<typeof EngineUnavailableError>[1],
  ) {
    super(message, options);
  }
}

/**
 * The engine met an exception of its own and rolled back: nothing is done. The same call may work when it is
 * made again, or never: `callOrRefuse` finds out.
 */
export class EngineExceptionError extends EngineAnswerError {
  constructor(
    httpStatus: number,
    message: string,
    /** The engine's own words. */
    readonly reason: string,
    /** Two transactions conflicted: the call can be tried again. */
    readonly isConflict: boolean,
  ) {
    super(httpStatus, message, { outcome: 'nothing-done' });
  }
}

/** Statuses about the network or about settings, not about the call. */
const TRANSIENT = new Set([401, 403, 408, 429]);
/** After these nothing was done. */
const NOTHING_DONE = new Set([401, 403, 429]);
/** UTF-16 units of a reason that are kept. */
const REASON_LENGTH = 1_000;

/**
 * What an answer that is no success means. An exception of the engine has a body with `type` and `message`
 * (https://docs.camunda.org/manual/7.24/reference/rest/overview/#error-handling); other bodies are written by
 * servers in between, or by one whose engine is not there.
 */
export function failureOf(status: number, text: string): EngineAnswerError | EngineRefusedError {
  const exception = exceptionIn(text);
  const reason = cutText(exception?.message || text, REASON_LENGTH) || 'no reason given';
  const message = `the engine answered ${status}: ${reason}`;
  if (status === 500 && exception) {
    return new EngineExceptionError(status, message, reason, isConflict(reason));
  }
  const isMissing = status === 404 && !exception;
  if (status >= 500 || status < 400 || isMissing || TRANSIENT.has(status)) {
    const outcome = isMissing || NOTHING_DONE.has(status) ? 'nothing-done' : 'unknown';
    return new EngineAnswerError(status, message, { outcome });
  }
  return new EngineRefusedError(status, reason);
}

/** The engine's exception in the body of an answer; null when the engine did not write the body. */
function exceptionIn(text: string): { message: string } | null {
  const { type, message } = (parseJson(text) ?? {}) as { type?: unknown; message?: unknown };
  if (typeof type !== 'string') return null;
  return { message: typeof message === 'string' ? message : '' };
}

/**
 * OptimisticLockingException: two branches reached a join at the same moment, or the lock was extended, or
 * a report that had lost its connection is still being worked on. Under load that can outlast all attempts.
 */
function isConflict(reason: string): boolean {
  return reason.includes('ENGINE-03005') || reason.includes('OptimisticLocking');
}

/** Undefined when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
