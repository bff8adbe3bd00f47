import type { FastifyReply } from 'fastify';
import { sendWorkerAnswer, workerOf } from '../../../../answers/engine-answers.ts';
import type { Route } from '../../../../parts/route.ts';
import { externalTaskParams, workerResponses } from '../../../../schemas/external-task.ts';

const schema = {
  operationId: 'unlockExternalTask',
  summary: 'Give a task of a step that is done elsewhere back',
  description: 'Any worker of the caller who has it may do so.',
  tags: ['workers'],
  params: externalTaskParams,
  response: workerResponses,
};

/** `POST /engine-rest/external-task/:id/unlock`. */
export const unlockRoute: Route<'elsewhere'> = async (app, { elsewhere }) => {
  app.post(
    '/engine-rest/external-task/:id/unlock',
    { config: { scope: 'steps:work', errors: 'engine' }, schema },
    async (request, reply: FastifyReply) => {
      const { id } = request.params;
      const answer = await elsewhere.unlock(id, workerOf(request, ''));
      return sendWorkerAnswer(reply, id, 'unlocked', answer);
    },
  );
};
