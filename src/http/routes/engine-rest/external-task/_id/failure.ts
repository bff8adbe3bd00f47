import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { sendWorkerAnswer, workerIdSchema, workerOf } from '../../../../answers/engine-answers.ts';
import type { Route } from '../../../../parts/route.ts';
import {
  externalTaskParams,
  noVariables,
  workerResponses,
} from '../../../../schemas/external-task.ts';
import { text } from '../../../../schemas/fields.ts';

const schema = {
  operationId: 'failExternalTask',
  summary: 'Report a failed attempt at a task of a step that is done elsewhere',
  description:
    'The attempt is an event of the process before the engine gets it. With no retries left the process has failed.',
  tags: ['workers'],
  params: externalTaskParams,
  body: z
    .strictObject({
      workerId: workerIdSchema,
      errorMessage: text.nullish(),
      errorDetails: text.nullish().describe('Follows the message in the event'),
      retries: z
        .number()
        .int()
        .min(0)
        .nullish()
        .describe('Attempts that are left; left out: as the retry policy of the step says'),
      retryTimeout: z
        .number()
        .int()
        .min(0)
        .nullish()
        .describe('Milliseconds before the next attempt; left out: as the retry policy says'),
      variables: noVariables,
      localVariables: noVariables,
    })
    .meta({
      examples: [
        {
          workerId: 'tariffs-1',
          errorMessage: 'The tariff service does not answer.',
          retries: 2,
          retryTimeout: 10_000,
        },
      ],
    }),
  response: workerResponses,
};

/** `POST /engine-rest/external-task/:id/failure`. */
export const failExternalTaskRoute: Route<'elsewhere'> = async (app, { elsewhere }) => {
  app.post(
    '/engine-rest/external-task/:id/failure',
    { config: { scope: 'steps:work', errors: 'engine' }, schema },
    async (request, reply: FastifyReply) => {
      const { id } = request.params;
      const { workerId, errorMessage, errorDetails, retries, retryTimeout } = request.body;
      const answer = await elsewhere.take(id, workerOf(request, workerId), {
        kind: 'failure',
        message: errorMessage ?? null,
        details: errorDetails ?? null,
        retriesLeft: retries ?? undefined,
        retryIn: retryTimeout ?? undefined,
      });
      return sendWorkerAnswer(reply, id, 'failed', answer);
    },
  );
};
