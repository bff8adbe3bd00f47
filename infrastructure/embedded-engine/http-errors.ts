import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { json } from './http-json.ts';
import { BadRequest } from './typed-value.ts';

interface ErrorAnswer {
  status: number;
  type: string;
  message: string;
  code: number | null;
}

/** Answers errors as Camunda does: https://docs.camunda.org/manual/7.24/reference/rest/overview/#error-handling */
export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, _request, reply) => {
    const { status, type, message, code } = answerOf(error);
    return json(reply.code(status), { type, message, code });
  });
  app.setNotFoundHandler((request, reply) =>
    json(reply.code(404), {
      type: 'NotFoundException',
      message: `the embedded engine has no ${request.method} ${request.url}`,
      code: null,
    }),
  );
}

function answerOf(error: unknown): ErrorAnswer {
  if (error instanceof BadRequest) {
    const { status, type, message, restCode } = error;
    return { status, type, message, code: restCode };
  }
  const invalid = { type: 'InvalidRequestException', code: null };
  if (error instanceof z.ZodError) {
    return { ...invalid, status: 400, message: z.prettifyError(error) };
  }
  const { code, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: unknown };
  // A body that is no JSON, or too long.
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return { ...invalid, status: statusCode, message: String(error) };
  }
  // Trouble with the file is no fault of the call, which may be made again when that is over.
  const isStoreError = typeof code === 'string' && /^(SQLITE_|STORE_)/.test(code);
  const status = isStoreError ? 503 : 500;
  return { status, type: 'RestException', message: String(error), code: 0 };
}

/** Camunda's REST API says of some calls what it could not do, and answers 500 whatever the engine had against it. */
export async function explained<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof BadRequest)) throw cause;
    // A variable that cannot be read.
    const isUnreadable = cause.status === 400 && cause.type === 'InvalidRequestException';
    const [status, type] = isUnreadable ? [400, cause.type] : [500, 'RestException'];
    throw new BadRequest(`${what}: ${cause.message}`, status, type, { cause });
  }
}

/** Answers in Camunda's way that there is nothing with an id, where its REST API has other words than its engine. */
export async function orMissing<T>(
  missing: () => BadRequest,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isMissing(error) ? missing() : error;
  }
}

/** @param failIfNotExists `false`: nothing to be done is done */
export async function unlessGone(
  failIfNotExists: string | undefined,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isMissing(error) || failIfNotExists !== 'false') throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof BadRequest && error.status === 404;
}
