import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { sendWorkerAnswer, workerIdSchema, workerOf } from '../../../../answers/engine-answers.ts';
import type { Route } from '../../../../parts/route.ts';
import {
  externalTaskParams,
  noVariables,
  workerResponses,
} from '../../../../schemas/external-task.ts';
import { columnText, text } from '../../../../schemas/fields.ts';

const schema = {
  operationId: 'refuseExternalTask',
  summary: 'Throw a BPMN error from a task of a step that is done elsewhere',
  description:
    'A refusal by a rule: it is an event of the process before the engine gets it, and the error path of the model continues.',
  tags: ['workers'],
  params: externalTaskParams,
  body: z
    .strictObject({
      workerId: workerIdSchema,
      errorCode: columnText.describe('The error path of the model catches it by this code'),
      errorMessage: text.nullish(),
      variables: noVariables.describe('Not taken: the error path gets errorCode and errorMessage'),
    })
    .meta({
      examples: [
        {
          workerId: 'tariffs-1',
          errorCode: 'TOO_HEAVY',
          errorMessage: 'We carry parcels of up to 30 kg.',
        },
      ],
    }),
  response: workerResponses,
};

/** `POST /engine-rest/external-task/:id/bpmnError`. */
export const refuseExternalTaskRoute: Route<'elsewhere'> = async (app, { elsewhere }) => {
  app.post(
    '/engine-rest/external-task/:id/bpmnError',
    { config: { scope: 'steps:work', errors: 'engine' }, schema },
    async (request, reply: FastifyReply) => {
      const { id } = request.params;
      const { workerId, errorCode, errorMessage } = request.body;
      const answer = await elsewhere.take(id, workerOf(request, workerId), {
        kind: 'bpmn-error',
        code: errorCode,
        message: errorMessage ?? null,
      });
      return sendWorkerAnswer(reply, id, 'ended with a BPMN error', answer);
    },
  );
};
