import type { components } from './openapi';

type ProblemBody = components['schemas']['Problem'];

/** An answer of the service that is not a success. Its message is a sentence for people, which the service wrote. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly status: number;
  readonly title: string;
  readonly type: string;
  readonly fields: readonly { path: string; message: string }[];

  constructor(status: number, body: Partial<ProblemBody>) {
    super(body.detail ?? `The service answered with HTTP status ${status}.`);
    this.status = status;
    this.title = body.title ?? 'The request failed';
    this.type = body.type ?? 'about:blank';
    this.fields = body.errors ?? [];
  }
}

/** No answer at all: the service or the network is away. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';

  constructor(cause: unknown) {
    super('The service cannot be reached.', { cause });
  }
}

/** Whether the same call may succeed a moment later. */
export function isTransient(error: Error): boolean {
  if (error instanceof UnreachableError) return true;
  return error instanceof ProblemError && (error.status === 429 || error.status >= 500);
}

/** What to show of any error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
