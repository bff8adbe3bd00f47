import { problem } from '../../../../answers/problems.ts';
import { sendTask, sendTaskNotFound } from '../../../../answers/task-answers.ts';
import type { Route } from '../../../../parts/route.ts';
import { taskParams, taskSchema } from '../../../../schemas/task.ts';

const schema = {
  operationId: 'getTask',
  summary: 'An open user task, and who may claim it',
  tags: ['tasks'],
  params: taskParams,
  response: {
    200: taskSchema.describe('The task'),
    404: problem('No open task of a process that was started here has this id'),
    503: problem('The process engine or the database cannot be reached'),
  },
};

/** `GET /api/tasks/:id`. */
export const taskRoute: Route<'userTasks' | 'definitions'> = async (
  app,
  { userTasks, definitions },
) => {
  app.get(
    '/api/tasks/:id',
    { config: { scope: 'process:read' }, schema },
    async ({ params: { id } }, reply) => {
      const found = await userTasks.find(id);
      return found ? sendTask(reply, found, definitions) : sendTaskNotFound(reply, id);
    },
  );
};
