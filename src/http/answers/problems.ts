import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { z } from 'zod';
import {
  CodedError,
  EngineUnavailableError,
  type LogIds,
  StoreUnavailableError,
} from '../../../domain/common/index.ts';
import type { ProcessState } from '../../../domain/process/index.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

/** Problem details, RFC 9457. */
export const problemSchema = z
  .object({
    type: z.string().describe('Stable, for programs'),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().describe('What happened and what to do'),
    correlationId: z.string().optional(),
    code: z.string().optional(),
    step: z.string().nullable().optional(),
    statusUrl: z.string().optional(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({
    id: 'Problem',
    examples: [
      {
        type: 'urn:fastify-camunda:problem:process-refused',
        title: 'The process ended in a business error',
        status: 422,
        detail: 'The background check found an open bankruptcy.',
        correlationId: 'order-4711',
        code: 'BACKGROUND_CHECK_REFUSED',
        step: 'run-background-check',
        statusUrl: '/api/process/status/order-4711',
      },
    ],
  });

/** A problem answer, for a route's schema. */
export function problem(description: string) {
  return { description, content: { 'application/problem+json': { schema: problemSchema } } };
}

export type Problem = z.infer<typeof problemSchema>;

const PROBLEMS = {
  'invalid-request': [400, 'The request is not valid'],
  'invalid-variables': [400, 'The variables do not fit the process'],
  'malformed-json': [400, 'The body is not JSON'],
  unauthorized: [401, 'Who calls is not known'],
  forbidden: [403, 'This is not allowed'],
  'unknown-process': [404, 'No such process definition'],
  'not-found': [404, 'Not found'],
  'not-yet-there': [404, 'The process was not there yet'],
  'not-acceptable': [406, 'There is no such representation'],
  'method-not-allowed': [405, 'The path has no such method'],
  'request-timeout': [408, 'The request came too slowly'],
  conflict: [409, 'The request contradicts an earlier one'],
  'already-ended': [409, 'The process has already ended'],
  'not-retryable': [409, 'The process cannot be retried'],
  'no-receiver': [409, 'Nothing waits for the message'],
  'body-too-large': [413, 'The body is too large'],
  'unsupported-media-type': [415, 'The content type is not supported'],
  'expectation-failed': [417, 'The expectation cannot be met'],
  'process-refused': [422, 'The process ended in a business error'],
  'process-cancelled': [422, 'The process was cancelled'],
  'too-many-requests': [429, 'Too many requests'],
  'headers-too-large': [431, 'The headers are too large'],
  'internal-error': [500, 'Something is wrong on our side'],
  'engine-refused': [502, 'The process engine refused the call'],
  'process-failed': [502, 'The process ended in a technical failure'],
  overloaded: [503, 'The service has too much to do'],
  unavailable: [503, 'The service cannot do this now'],
} as const;

export type ProblemName = keyof typeof PROBLEMS;

/** Thrown where there is no reply to send a problem with. */
export class ProblemError extends Error {
  constructor(
    readonly problem: ProblemName,
    detail: string,
    readonly more: Partial<Problem> = {},
  ) {
    super(detail);
  }
}

/** A problem as it is sent. */
export function problemOf(name: ProblemName, detail: string, more: Partial<Problem> = {}): Problem {
  const [status, title] = PROBLEMS[name];
  return { type: `urn:fastify-camunda:problem:${name}`, title, status, detail, ...more };
}

/** Sends a problem+json answer. */
export function sendProblem(
  reply: FastifyReply,
  name: ProblemName,
  detail: string,
  more: Partial<Problem> = {},
): FastifyReply {
  const body = problemOf(name, detail, more);
  return reply.code(body.status).type('application/problem+json').send(body);
}

/** Seconds after which there may be room again. */
const OVERLOADED_RETRY_AFTER = '5';

/** Refuses a call that there is no room for now. */
export function sendOverloaded(reply: FastifyReply, detail: string): FastifyReply {
  reply.header('Retry-After', OVERLOADED_RETRY_AFTER);
  return sendProblem(reply, 'overloaded', detail);
}

/** Sends the error that a process ended with. */
export function sendProcessError(reply: FastifyReply, state: ProcessState, statusUrl: string) {
  const error = state.error;
  const kind = error?.kind ?? 'technical';
  const names = {
    business: 'process-refused',
    technical: 'process-failed',
    cancelled: 'process-cancelled',
  } as const;
  return sendProblem(reply, names[kind], error?.message ?? 'no reason was recorded', {
    correlationId: state.correlationId,
    code: error?.code ?? 'UNKNOWN',
    step: error?.step ?? null,
    statusUrl,
  });
}

/** What the router cannot read, before any route has the request, as a problem. */
export function sendUnreadableUrl(
  error: FastifyError,
  _request: unknown,
  reply: FastifyReply,
): FastifyReply {
  // No hook has seen it.
  reply.headers(SECURITY_HEADERS);
  return sendProblem(
    reply,
    'invalid-request',
    error.code === 'FST_ERR_MAX_PARAM_LENGTH'
      ? 'The URL is too long; an id in it must have at most 255 characters.'
      : 'The URL cannot be decoded; escape ids in it as encodeURIComponent does.',
  );
}

function storeProblem({ outcome }: StoreUnavailableError): string {
  return outcome === 'nothing-written'
    ? 'The database cannot be reached; nothing was written. Send the same request again later.'
    : 'The database was lost while it wrote, and whether it did is not known yet. Send the same request again later: with the same correlationId or Idempotency-Key it is done once. A start that had neither is found by the correlationId of this answer, if it was written.';
}

function engineProblem(error: unknown): string {
  return error instanceof EngineUnavailableError && error.outcome === 'unknown'
    ? 'The process engine took the call and did not answer, so it may have happened. Look at the process, then send the same request again if it is still needed.'
    : 'The process engine cannot be reached; nothing happened. Send the same request again later.';
}

/** Every error of every route as a problem. */
export function registerProblems(
  app: FastifyInstance,
  bodyLimit: number,
  idsOf: (correlationId: string) => LogIds = (correlationId) => ({ correlationId }),
): void {
  /** What its log lines say of the process, as soon as it is known which one it is. */
  function aboutProcess({ logIds, params, body }: FastifyRequest): object {
    if (logIds) return logIds;
    const { correlationId } = { ...(body ?? {}), ...(params ?? {}) } as { correlationId?: unknown };
    return typeof correlationId === 'string' ? idsOf(correlationId) : {};
  }

  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (hasZodFastifySchemaValidationErrors(error)) {
      if (error.validationContext === 'body' && request.body == null) {
        const detail = 'There is no body; send JSON with Content-Type: application/json.';
        return sendProblem(reply, 'invalid-request', detail);
      }
      const errors = error.validation.map((issue) => ({
        path: [error.validationContext ?? 'body', ...issue.instancePath.split('/')]
          .filter((part) => part !== '')
          .join('.'),
        message: issue.message ?? 'is not valid',
      }));
      const detail = errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
      return sendProblem(reply, 'invalid-request', detail, { errors });
    }
    if (error instanceof ProblemError) {
      return sendProblem(reply, error.problem, error.message, error.more);
    }
    switch (error.code) {
      case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
        return sendProblem(
          reply,
          'unsupported-media-type',
          `The body is sent as ${request.headers['content-type'] ?? 'no type'}; send JSON with Content-Type: application/json.`,
        );
      case 'FST_ERR_CTP_BODY_TOO_LARGE':
        return sendProblem(
          reply,
          'body-too-large',
          `The body is larger than the ${bodyLimit} bytes allowed; send references instead of documents.`,
        );
      case 'STORE_UNAVAILABLE':
      case 'ENGINE_UNAVAILABLE':
        request.log.error({ ...aboutProcess(request), err: error }, 'dependency unavailable');
        reply.header('Retry-After', '5');
        return sendProblem(
          reply,
          'unavailable',
          error instanceof StoreUnavailableError ? storeProblem(error) : engineProblem(error),
          error instanceof StoreUnavailableError && error.correlationId
            ? { correlationId: error.correlationId }
            : {},
        );
      case 'ENGINE_REFUSED':
        request.log.warn({ ...aboutProcess(request), err: error }, 'the engine refused a call');
        return sendProblem(
          reply,
          'engine-refused',
          `The process engine refused the call, and nothing happened: ${error.message}. Mend what it names, then send the request again.`,
          { code: error.code },
        );
      default:
    }
    const status = error.statusCode ?? 500;
    if (status === 429) return sendProblem(reply, 'too-many-requests', error.message);
    if (status === 503) return sendProblem(reply, 'unavailable', error.message);
    if (status >= 400 && status < 500 && !(error instanceof CodedError)) {
      return sendProblem(reply, 'invalid-request', error.message);
    }
    request.log.error({ ...aboutProcess(request), err: error }, 'request failed');
    return sendProblem(
      reply,
      'internal-error',
      'The error is in the log of the service. Sending the same request again is safe.',
    );
  });
}
