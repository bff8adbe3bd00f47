import { z } from 'zod';
import { actorOf } from '../../../../../access/caller.ts';
import { problem } from '../../../../answers/problems.ts';
import { sendTask, sendTaskNotFound, sendTaskTaken } from '../../../../answers/task-answers.ts';
import type { Route } from '../../../../parts/route.ts';
import { columnText } from '../../../../schemas/fields.ts';
import { taskParams, taskSchema } from '../../../../schemas/task.ts';

const schema = {
  operationId: 'claimTask',
  summary: 'Claim a user task, for the caller or for a user',
  tags: ['tasks'],
  params: taskParams,
  body: z
    .strictObject({
      user: columnText.optional().describe('Who gets the task; default: the caller'),
    })
    .nullish()
    .meta({ examples: [{ user: 'kim' }] }),
  response: {
    200: taskSchema.describe('The task, claimed; also when the same user had it before'),
    404: problem('No open task of a process that was started here has this id'),
    409: problem('Somebody else has claimed it'),
    503: problem('The process engine or the database cannot be reached'),
  },
};

/** `POST /api/tasks/:id/claim`. */
export const claimTaskRoute: Route<'userTasks' | 'definitions' | 'operations'> = async (
  app,
  { userTasks, definitions, operations: { idsOf } },
) => {
  app.post(
    '/api/tasks/:id/claim',
    { config: { scope: 'process:start' }, schema },
    async (request, reply) => {
      const { id } = request.params;
      const actor = actorOf(request);
      const user = request.body?.user ?? actor;
      const answer = await userTasks.claim(id, user);
      switch (answer.kind) {
        case 'done': {
          const ids = idsOf(answer.found.correlationId);
          request.log.info({ ...ids, taskId: id, user, actor }, 'a user task is claimed');
          return sendTask(reply, answer.found, definitions);
        }
        case 'taken':
          return sendTaskTaken(
            reply,
            'Somebody else has claimed the task. Take another one, or unclaim this one first.',
          );
        case 'gone':
          return sendTaskNotFound(reply, id);
        default:
          return answer satisfies never;
      }
    },
  );
};
