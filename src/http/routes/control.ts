import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { LogIds } from '../../../domain/common/index.ts';
import { deliverMessage, type Engine } from '../../../domain/engine/index.ts';
import {
  type Audit,
  correlationIdSchema,
  type EndAnswer,
  type EventStore,
  endProcess,
  hashJson,
  type ProcessState,
  unreachable,
} from '../../../domain/process/index.ts';
import { actorOf } from '../../access/caller.ts';
import { problem, sendProblem } from '../answers/problems.ts';
import { sendProcess, statusUrl } from '../answers/process-answers.ts';
import {
  correlationParams,
  jsonSchema,
  processSchema,
  variablesSchema,
} from '../schemas/process.ts';

const answers = {
  200: processSchema.describe('Ended so'),
  404: problem('No such process was ever accepted'),
  409: problem('It has already ended otherwise'),
  503: problem('The database cannot be reached; nothing was written'),
};

/** `POST /api/process/complete`, `…/:correlationId/cancel` and `…/:correlationId/message`. */
export const controlRoutes: FastifyPluginAsyncZod<{
  eventStore: EventStore;
  engine: Engine;
  /** What log lines say of a process besides their own. */
  idsOf?: ((correlationId: string) => LogIds) | undefined;
}> = async (app, ports) => {
  const { eventStore, engine, idsOf = (correlationId) => ({ correlationId }) } = ports;

  app.post(
    '/api/process/complete',
    {
      config: { scope: 'process:start' },
      schema: {
        operationId: 'completeProcess',
        summary: 'End a process: for final tasks that run outside this service',
        tags: ['process'],
        body: z
          .discriminatedUnion('status', [
            z.strictObject({
              status: z.literal('ok'),
              correlationId: correlationIdSchema,
              result: jsonSchema.default(null),
            }),
            z.strictObject({
              status: z.literal('error'),
              correlationId: correlationIdSchema,
              error: z.strictObject({
                kind: z.enum(['business', 'technical']).default('business'),
                code: z.string().min(1).max(255),
                message: z.string().min(1).max(4_000),
              }),
            }),
          ])
          .meta({
            examples: [{ status: 'ok', correlationId: 'order-4711', result: { shipped: true } }],
          }),
        response: answers,
      },
    },
    async (request, reply) => {
      const { body } = request;
      const outcome =
        body.status === 'ok'
          ? ({ status: 'ok', result: body.result } as const)
          : ({ status: 'error', ...body.error, step: null } as const);
      const answer = await endProcess(
        body.correlationId,
        {
          type: 'end-process',
          outcome,
          actor: actorOf(request),
          audit: auditOf('/api/process/complete'),
        },
        eventStore,
      );
      request.log.info(
        { ...idsOf(body.correlationId), outcome: answer.kind },
        'a caller ends the process',
      );
      // The same end again is the answer to a lost answer.
      const same = (state: ProcessState): boolean =>
        outcome.status === 'ok'
          ? state.status === 'ok' && hashJson(state.data) === hashJson(outcome.result)
          : state.error?.code === outcome.code && state.error.message === outcome.message;
      return sendEnd(reply, body.correlationId, answer, same);
    },
  );

  app.post(
    '/api/process/:correlationId/cancel',
    {
      config: { scope: 'process:start' },
      schema: {
        operationId: 'cancelProcess',
        summary: 'Cancel a pending process, in the engine too',
        tags: ['process'],
        params: correlationParams,
        body: z
          .strictObject({ reason: z.string().min(1).max(4_000).default('cancelled by the caller') })
          .nullish()
          .meta({ examples: [{ reason: 'ordered twice' }] }),
        response: answers,
      },
    },
    async (request, reply) => {
      const { correlationId } = request.params;
      const reason = request.body?.reason ?? 'cancelled by the caller';
      const answer = await endProcess(
        correlationId,
        {
          type: 'cancel-process',
          reason,
          actor: actorOf(request),
          audit: auditOf('/api/process/:correlationId/cancel'),
        },
        eventStore,
      );
      request.log.info(
        { ...idsOf(correlationId), outcome: answer.kind },
        'a caller cancels the process',
      );
      return sendEnd(reply, correlationId, answer, (state) => state.error?.kind === 'cancelled');
    },
  );

  app.post(
    '/api/process/:correlationId/message',
    {
      config: { scope: 'process:start' },
      schema: {
        operationId: 'sendMessage',
        summary: 'Deliver a message to a process that waits for it',
        tags: ['process'],
        params: correlationParams,
        body: z
          .strictObject({
            messageName: z.string().min(1).max(255),
            variables: variablesSchema,
          })
          .meta({ examples: [{ messageName: 'parcel-picked-up', variables: { courier: 'Kim' } }] }),
        response: {
          204: z.null().describe('Delivered'),
          404: problem('No such process was ever accepted'),
          409: problem('Nothing waits for the message now; send it again later'),
          502: problem('The process engine refused the message; nothing happened'),
          503: problem(
            'The process engine or the database cannot be reached; the answer says whether the message may have been delivered',
          ),
        },
      },
    },
    async (request, reply) => {
      const { correlationId } = request.params;
      const { messageName, variables } = request.body;
      const audit = auditOf('/api/process/:correlationId/message', 204);
      const answer = await deliverMessage(
        correlationId,
        { messageName, variables, actor: actorOf(request), audit },
        { eventStore, engine },
      );
      const about = { correlationId, statusUrl: statusUrl(correlationId) };
      switch (answer.kind) {
        case 'delivered':
          return reply.code(204).send(null);
        case 'unknown':
          return sendUnknown(reply, correlationId);
        case 'not-recorded':
          request.log.error(
            { ...idsOf(correlationId), err: answer.reason },
            'the engine took a message, and no event of it could be written',
          );
          reply.header('Retry-After', '5');
          return sendProblem(
            reply,
            'unavailable',
            'The database was lost after the engine had taken the message, so the message may have been delivered without an event of it. Read the status of the process before you send it again.',
            about,
          );
        case 'ended':
        case 'no-receiver':
          return sendProblem(
            reply,
            'no-receiver',
            answer.kind === 'ended'
              ? 'The process has ended; it takes no more messages.'
              : `The process does not wait for the message "${messageName}" now. Send it again later.`,
            about,
          );
        default:
          return unreachable(answer);
      }
    },
  );
};

function auditOf(endpoint: string, httpStatusCode = 200): Audit {
  return { httpMethod: 'POST', endpoint, httpStatusCode };
}

function sendEnd(
  reply: FastifyReply,
  correlationId: string,
  answer: EndAnswer,
  same: (state: ProcessState) => boolean,
): FastifyReply {
  if (answer.kind === 'unknown') return sendUnknown(reply, correlationId);
  if (answer.kind === 'done' || same(answer.state)) return sendProcess(reply, answer.state);
  return sendProblem(
    reply,
    'already-ended',
    `The process has already ended with status ${answer.state.status}; that does not change any more.`,
    { correlationId, statusUrl: statusUrl(correlationId) },
  );
}

function sendUnknown(reply: FastifyReply, correlationId: string): FastifyReply {
  return sendProblem(
    reply,
    'not-found',
    `No process with the correlation id "${correlationId}" was ever accepted.`,
    { correlationId },
  );
}
