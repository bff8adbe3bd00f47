import { request } from 'undici';
import { CodedError } from '../../domain/common/index.ts';
import type { Audit } from '../../domain/process/index.ts';
import type { StepHttp } from '../../domain/steps/index.ts';

/** The other side could not be reached, or said that it cannot answer now. */
class RemoteCallError extends CodedError {
  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Statuses after which the same call may work later (RFC 9110, RFC 6585, RFC 8470). */
const RETRYABLE = new Set([408, 425, 429]);

/**
 * The HTTP client of one attempt at a step. `audit` is filled with its last call. The body of an answer
 * never becomes part of an error: it may hold what must not be logged.
 */
export function createStepHttp(options: {
  audit: Audit;
  headers: Record<string, string>;
  signal: AbortSignal;
}): StepHttp {
  const { audit, headers, signal } = options;
  return async ({ method = 'GET', url, body, headers: own }) => {
    const { origin, pathname } = new URL(url);
    const endpoint = `${origin}${pathname}`;
    audit.httpMethod = method;
    audit.endpoint = endpoint;
    delete audit.httpStatusCode;
    const answer = await request(url, {
      method,
      signal,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
        ...own,
      },
      body: body === undefined ? null : JSON.stringify(body),
    }).catch((cause: unknown) => {
      throw new RemoteCallError('REMOTE_UNREACHABLE', `${method} ${endpoint} got no answer`, {
        cause,
      });
    });
    audit.httpStatusCode = answer.statusCode;
    const text = await answer.body.text();
    if (answer.statusCode >= 500 || RETRYABLE.has(answer.statusCode)) {
      const code = `REMOTE_${answer.statusCode}`;
      throw new RemoteCallError(code, `${method} ${endpoint} answered ${answer.statusCode}`);
    }
    return { status: answer.statusCode, body: parsed(text) };
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
