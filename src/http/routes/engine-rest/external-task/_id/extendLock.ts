import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { sendWorkerAnswer, workerIdSchema, workerOf } from '../../../../answers/engine-answers.ts';
import type { Route } from '../../../../parts/route.ts';
import { externalTaskParams, workerResponses } from '../../../../schemas/external-task.ts';

const schema = {
  operationId: 'extendLockOfExternalTask',
  summary: 'Keep a task of a step that is done elsewhere for longer',
  tags: ['workers'],
  params: externalTaskParams,
  body: z
    .strictObject({
      workerId: workerIdSchema,
      newDuration: z.number().int().min(1).describe('Milliseconds from now'),
    })
    .meta({ examples: [{ workerId: 'tariffs-1', newDuration: 60_000 }] }),
  response: workerResponses,
};

/** `POST /engine-rest/external-task/:id/extendLock`. */
export const extendLockRoute: Route<'elsewhere'> = async (app, { elsewhere }) => {
  app.post(
    '/engine-rest/external-task/:id/extendLock',
    { config: { scope: 'steps:work', errors: 'engine' }, schema },
    async (request, reply: FastifyReply) => {
      const { id } = request.params;
      const { workerId, newDuration } = request.body;
      const answer = await elsewhere.extendLock(id, workerOf(request, workerId), newDuration);
      return sendWorkerAnswer(reply, id, 'locked for longer', answer);
    },
  );
};
