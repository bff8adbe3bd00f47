import type { Problem, ProcessState } from './types.ts';

/** The service answered with a problem. */
export class ProblemError extends Error {
  override readonly name: string = 'ProblemError';
  /** The last part of the problem's type: `conflict`, `unknown-process`, `invalid-variables`, … */
  readonly reason: string;

  constructor(
    readonly problem: Problem,
    readonly status: number = problem.status,
  ) {
    super(problem.detail);
    this.reason = problem.type.split(':').at(-1) ?? problem.type;
  }
}

/** The process ended in an error: a rule refused, something broke, or it was cancelled. */
export class ProcessError extends Error {
  override readonly name = 'ProcessError';

  constructor(
    readonly correlationId: string,
    readonly kind: 'business' | 'technical' | 'cancelled',
    readonly code: string,
    message: string,
    readonly step: string | null,
  ) {
    super(message);
  }
}

/** The service could not be reached, or could not do it, as often as it was tried. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}

const KINDS: Record<string, ProcessError['kind']> = {
  'process-refused': 'business',
  'process-failed': 'technical',
  'process-cancelled': 'cancelled',
};

/** The error that a problem is thrown as. */
export function errorOf(problem: Problem, status: number): ProblemError | ProcessError {
  const error = new ProblemError(problem, status);
  const kind = KINDS[error.reason];
  if (!kind) return error;
  const { correlationId = '', code = 'UNKNOWN', detail, step = null } = problem;
  return new ProcessError(correlationId, kind, code, detail, step);
}

/** How a process ended. @throws ProcessError */
export function resultOf<Result>({ correlationId, result, error }: ProcessState<Result>): Result {
  if (error) {
    throw new ProcessError(correlationId, error.kind, error.code, error.message, error.step);
  }
  return result as Result;
}
