import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { CompletionAnswer } from '../../../../../../domain/user-tasks/index.ts';
import { actorOf } from '../../../../../access/caller.ts';
import { problem, sendProblem } from '../../../../answers/problems.ts';
import { statusUrl } from '../../../../answers/process-answers.ts';
import { sendTaskNotFound, sendTaskTaken } from '../../../../answers/task-answers.ts';
import type { Route } from '../../../../parts/route.ts';
import { variablesSchema } from '../../../../schemas/process.ts';
import { completionSchema, taskParams } from '../../../../schemas/task.ts';

const URL = '/api/tasks/:id/complete';

const schema = {
  operationId: 'completeTask',
  summary: 'Complete a user task with its variables',
  description:
    'The completion is an event of the process before the engine gets it. The same completion again is answered as the first one.',
  tags: ['tasks'],
  params: taskParams,
  body: z
    .strictObject({ variables: variablesSchema })
    .meta({ examples: [{ variables: { approved: true, comment: 'Within the budget' } }] }),
  response: {
    200: completionSchema.describe('Completed'),
    202: completionSchema.describe('Recorded; the engine gets it when it answers again'),
    400: problem('The request is not valid, or the variables do not fit the task'),
    404: problem('No open task of a process that was started here has this id'),
    409: problem(
      'Somebody else has completed it, or the same caller with other variables; or the engine had cancelled it; or the process has ended',
    ),
    502: problem('Recorded, but the engine cannot continue from there: the process has failed'),
    503: problem('The process engine or the database cannot be reached; nothing was written'),
  },
};

/** `POST /api/tasks/:id/complete`. */
export const completeTaskRoute: Route<'userTasks' | 'operations'> = async (
  app,
  { userTasks, operations: { idsOf } },
) => {
  app.post(URL, { config: { scope: 'process:start' }, schema }, async (request, reply) => {
    const { id } = request.params;
    const { variables } = request.body;
    const actor = actorOf(request);
    const audit = {
      httpMethod: 'POST',
      endpoint: URL,
      httpStatusCode: 200,
      targetSystem: 'CamundaEngine',
    };
    const answer = await userTasks.complete({ id, variables, actor, audit });
    if (answer.kind !== 'unknown') {
      const { kind: outcome, correlationId } = answer;
      const err = answer.kind === 'recorded' ? { err: answer.reason } : {};
      request.log.info(
        { ...idsOf(correlationId), taskId: id, outcome, actor, ...err },
        'a caller completes a user task',
      );
    }
    return sendCompletion(reply, id, answer);
  });
};

function sendCompletion(reply: FastifyReply, id: string, answer: CompletionAnswer): FastifyReply {
  if (answer.kind === 'unknown') return sendTaskNotFound(reply, id);
  const { correlationId } = answer;
  const about = { correlationId, statusUrl: statusUrl(correlationId) };
  switch (answer.kind) {
    case 'completed':
      return reply.send({ status: 'completed', taskId: id, ...about });
    case 'recorded':
      return reply.code(202).send({ status: 'recorded', taskId: id, ...about });
    case 'invalid': {
      const { errors } = answer;
      const detail = errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
      return sendProblem(reply, 'invalid-variables', detail, { ...about, errors });
    }
    case 'taken':
      return sendTaskTaken(
        reply,
        'The task was completed before, by another caller or with other variables. Read the events of the process.',
        correlationId,
      );
    case 'cancelled':
      return sendProblem(
        reply,
        'task-cancelled',
        'The process had continued without the task before the engine got the completion, for instance because a timer fired. The completion is recorded, and has no effect. Read the events of the process.',
        { ...about, code: 'TASK_CANCELLED' },
      );
    case 'ended':
      return sendProblem(
        reply,
        'already-ended',
        'The process of the task has ended. If it failed for a technical reason, retry it first.',
        about,
      );
    case 'refused':
      return sendProblem(
        reply,
        'engine-refused',
        `The completion is recorded, but the process engine cannot continue from there: ${answer.reason}. The process has failed; retry it once the cause is gone.`,
        { ...about, code: 'ENGINE_REFUSED' },
      );
    default:
      return answer satisfies never;
  }
}
