import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { hasEngineErrors, sendEngineError } from './engine-answers.ts';

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

/** A problem answer, for the schema of a route. */
export function problem(description: string) {
  return { description, content: { 'application/problem+json': { schema: problemSchema } } };
}

export type Problem = z.infer<typeof problemSchema>;

const PROBLEMS = {
  'invalid-request': [400, 'The request is not valid'],
  'invalid-variables': [400, 'The variables do not fit the process'],
  'malformed-json': [400, 'The body is not JSON'],
  unauthorized: [401, 'The caller is not authenticated'],
  forbidden: [403, 'The caller is not allowed to do this'],
  'unknown-process': [404, 'No such process definition'],
  'not-found': [404, 'Not found'],
  'not-yet-there': [404, 'The process did not exist yet'],
  'not-acceptable': [406, 'No acceptable representation'],
  'method-not-allowed': [405, 'The path does not support the method'],
  'request-timeout': [408, 'The request arrived too slowly'],
  conflict: [409, 'The request contradicts an earlier one'],
  'already-ended': [409, 'The process has already ended'],
  'not-retryable': [409, 'The process cannot be retried'],
  'not-erasable': [409, 'The process cannot be erased'],
  'no-receiver': [409, 'Nothing waits for the message'],
  'task-taken': [409, 'Somebody else has claimed or completed the task'],
  'task-cancelled': [409, 'The engine had cancelled the task'],
  'body-too-large': [413, 'The body is too large'],
  'unsupported-media-type': [415, 'The content type is not supported'],
  'expectation-failed': [417, 'The expectation cannot be met'],
  'process-refused': [422, 'The process ended in a business error'],
  'process-cancelled': [422, 'The process was cancelled'],
  'too-many-requests': [429, 'Too many requests'],
  'headers-too-large': [431, 'The headers are too large'],
  'internal-error': [500, 'An error inside the service'],
  'engine-refused': [502, 'The process engine refused the call'],
  'process-failed': [502, 'The process ended in a technical failure'],
  overloaded: [503, 'The service is overloaded'],
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
  return sendProblemOf(reply, problemOf(name, detail, more));
}

/** Sends a problem that is made already. */
export function sendProblemOf(reply: FastifyReply, body: Problem): FastifyReply {
  if (hasEngineErrors(reply)) return sendEngineError(reply, body.status, body.detail);
  return reply.code(body.status).type('application/problem+json').send(body);
}
