import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { EngineVariable } from '../../../../../../domain/engine/index.ts';
import { sendWorkerAnswer, workerIdSchema, workerOf } from '../../../../answers/engine-answers.ts';
import type { Route } from '../../../../parts/route.ts';
import {
  externalTaskParams,
  noVariables,
  sentVariables,
  workerResponses,
} from '../../../../schemas/external-task.ts';

const schema = {
  operationId: 'completeExternalTask',
  summary: 'Complete a task of a step that is done elsewhere',
  description:
    'The variables are checked by the output of the step, and the completion is an event of the process before the engine gets it. A completion that is sent again is answered as the first one.',
  tags: ['workers'],
  params: externalTaskParams,
  body: z
    .strictObject({
      workerId: workerIdSchema,
      variables: sentVariables,
      localVariables: noVariables.describe('Not taken: a result is a variable of the process'),
    })
    .meta({
      examples: [{ workerId: 'tariffs-1', variables: { price: { value: 7.75, type: 'Double' } } }],
    }),
  response: workerResponses,
};

/** `POST /engine-rest/external-task/:id/complete`. */
export const completeExternalTaskRoute: Route<'elsewhere'> = async (app, { elsewhere }) => {
  app.post(
    '/engine-rest/external-task/:id/complete',
    { config: { scope: 'steps:work', errors: 'engine' }, schema },
    async (request, reply: FastifyReply) => {
      const { id } = request.params;
      const { workerId, variables } = request.body;
      const sent = (variables ?? {}) as Record<string, EngineVariable>;
      const answer = await elsewhere.take(id, workerOf(request, workerId), {
        kind: 'complete',
        variables: sent,
      });
      return sendWorkerAnswer(reply, id, 'completed', answer);
    },
  );
};
