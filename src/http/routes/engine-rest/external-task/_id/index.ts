import type { FastifyReply } from 'fastify';
import {
  engineError,
  sendEngineJson,
  sendUnknownTask,
} from '../../../../answers/engine-answers.ts';
import type { Route } from '../../../../parts/route.ts';
import { externalTaskParams, externalTaskSchema } from '../../../../schemas/external-task.ts';

const schema = {
  operationId: 'getExternalTask',
  summary: 'A task of a step that is done elsewhere',
  tags: ['workers'],
  params: externalTaskParams,
  response: {
    200: externalTaskSchema.describe('The task, without its variables'),
    404: engineError('No open task of a step that is done elsewhere has this id'),
    502: engineError('The process engine refused the call'),
    503: engineError('The process engine cannot be reached'),
  },
};

/** `GET /engine-rest/external-task/:id`. */
export const externalTaskRoute: Route<'elsewhere'> = async (app, { elsewhere }) => {
  app.get(
    '/engine-rest/external-task/:id',
    { config: { scope: 'steps:work', errors: 'engine' }, schema },
    async ({ params: { id } }, reply: FastifyReply) => {
      const found = await elsewhere.find(id);
      return found ? sendEngineJson(reply, found) : sendUnknownTask(reply, id);
    },
  );
};
