import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { LOCAL_ACTOR } from '../../../domain/process/index.ts';
import {
  type LockAnswer,
  MAX_WORKER_ID,
  ownWorkerId,
  type ResultAnswer,
  type WorkerElsewhere,
} from '../../../domain/steps/index.ts';
import { stringify } from '../../../infrastructure/worker/java-numbers.ts';
import { actorOf } from '../../access/caller.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `engine`: errors have the form of Camunda's REST API, which its clients read. */
    errors?: 'engine';
  }
}

/** Errors of Camunda's REST API: https://docs.camunda.org/manual/7.24/reference/rest/overview/#error-handling */
export const engineErrorSchema = z
  .object({
    type: z.string().describe("Camunda's name for the kind of error"),
    message: z.string().describe('What happened and what to do'),
    code: z.number().int().nullable(),
  })
  .meta({
    id: 'EngineError',
    examples: [
      {
        type: 'RestException',
        message:
          'External task with id 4711 does not exist, or no step that is done elsewhere has it.',
        code: null,
      },
    ],
  });
type EngineError = z.infer<typeof engineErrorSchema>;

/** An error in Camunda's form, for the schema of a route. */
export function engineError(description: string) {
  return { description, content: { 'application/json': { schema: engineErrorSchema } } };
}

/** Sends JSON with the bare content type, which Camunda's clients compare. */
export function sendEngineJson(reply: FastifyReply, value: unknown): FastifyReply {
  return reply.header('content-type', 'application/json').send(Buffer.from(stringify(value)));
}

/** Sends an error in Camunda's form. */
export function sendEngineError(
  reply: FastifyReply,
  status: number,
  message: string,
  type = typeOf(status),
): FastifyReply {
  return sendEngineJson(reply.code(status), { type, message, code: null } satisfies EngineError);
}

/** Whether errors of a route have Camunda's form. */
export function hasEngineErrors({ request }: FastifyReply): boolean {
  return request.routeOptions?.config.errors === 'engine';
}

function typeOf(status: number): string {
  if (status === 401 || status === 403) return 'AuthorizationException';
  return status === 404 || status >= 500 ? 'RestException' : 'InvalidRequestException';
}

/** The id that a worker gives itself. */
export const workerIdSchema = z
  .string()
  .min(1)
  .max(MAX_WORKER_ID)
  .describe('The name of the worker; another caller with the same name is another worker');

/** The caller as a worker. */
export function workerOf(request: FastifyRequest, workerId: string): WorkerElsewhere {
  return {
    actor: actorOf(request),
    callerId: request.caller?.id ?? LOCAL_ACTOR,
    workerId,
  };
}

/** Answers a worker: 204, or why not. @param what the call, in Camunda's words */
export function sendWorkerAnswer(
  reply: FastifyReply,
  id: string,
  what: string,
  answer: ResultAnswer | LockAnswer,
): FastifyReply {
  switch (answer.kind) {
    case 'done':
      return reply.code(204).send();
    case 'unknown':
      return sendUnknownTask(reply, id);
    case 'locked':
      return sendEngineError(
        reply,
        400,
        `External Task ${id} cannot be ${what} by this worker. It is locked by worker '${ownWorkerId(answer.by)}'.`,
        'RestException',
      );
    case 'expired':
      return sendEngineError(
        reply,
        400,
        `External Task ${id} cannot be ${what}: the lock has run out. Fetch the task again.`,
        'RestException',
      );
    case 'invalid':
      return sendEngineError(
        reply,
        400,
        `External Task ${id} cannot be ${what}: ${answer.message}. Nothing was written, and the task stays locked.`,
      );
    case 'not-journaled':
      reply.header('Retry-After', '5');
      return sendEngineError(
        reply,
        503,
        'The database cannot be reached, so it is not known whether the result was written. Send the same request again: it takes effect once.',
      );
    default:
      return answer satisfies never;
  }
}

/** 404: no open task of a step that is done elsewhere has this id. */
export function sendUnknownTask(reply: FastifyReply, id: string): FastifyReply {
  return sendEngineError(
    reply,
    404,
    `External task with id ${id} does not exist, or no step that is done elsewhere has it.`,
  );
}
