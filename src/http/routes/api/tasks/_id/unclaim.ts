import { actorOf } from '../../../../../access/caller.ts';
import { problem } from '../../../../answers/problems.ts';
import { sendTask, sendTaskNotFound } from '../../../../answers/task-answers.ts';
import type { Route } from '../../../../parts/route.ts';
import { taskParams, taskSchema } from '../../../../schemas/task.ts';

const schema = {
  operationId: 'unclaimTask',
  summary: 'Release a claimed user task, so that somebody else can claim it',
  tags: ['tasks'],
  params: taskParams,
  response: {
    200: taskSchema.describe('The task, which nobody has claimed'),
    404: problem('No open task of a process that was started here has this id'),
    503: problem('The process engine or the database cannot be reached'),
  },
};

/** `POST /api/tasks/:id/unclaim`. */
export const unclaimTaskRoute: Route<'userTasks' | 'definitions' | 'operations'> = async (
  app,
  { userTasks, definitions, operations: { idsOf } },
) => {
  app.post(
    '/api/tasks/:id/unclaim',
    { config: { scope: 'process:start' }, schema },
    async (request, reply) => {
      const { id } = request.params;
      const answer = await userTasks.unclaim(id);
      if (answer.kind !== 'done') return sendTaskNotFound(reply, id);
      const ids = idsOf(answer.found.correlationId);
      request.log.info({ ...ids, taskId: id, actor: actorOf(request) }, 'a user task is released');
      return sendTask(reply, answer.found, definitions);
    },
  );
};
