import { actorOf } from '../../../../../access/caller.ts';
import { problem, sendProblem } from '../../../../answers/problems.ts';
import { sendProcess, sendProcessNotFound } from '../../../../answers/process-answers.ts';
import { sendUnavailable } from '../../../../answers/unavailable.ts';
import type { Route } from '../../../../parts/route.ts';
import { correlationParams, processSchema, reasonBody } from '../../../../schemas/process.ts';

const DEFAULT_REASON = 'restored by an administrator';

const schema = {
  operationId: 'restoreProcess',
  summary: 'Bring an archived process back with all its events',
  description: 'A process that is live already is answered in the same way.',
  tags: ['process'],
  params: correlationParams,
  body: reasonBody(DEFAULT_REASON, 'to retry it'),
  response: {
    200: processSchema.describe('The process, which is live'),
    202: processSchema.describe('It is live, and pending'),
    404: problem('No such process was ever accepted'),
    409: problem('It is live and archived at once, or archived in part'),
    503: problem('The database cannot be reached, or a maintenance run holds its tables'),
  },
};

/** `POST /api/process/:correlationId/restore`. */
export const restoreRoute: Route<'administration' | 'live' | 'operations'> = async (
  app,
  { administration, live, operations: { idsOf } },
) => {
  app.post(
    '/api/process/:correlationId/restore',
    { config: { scope: 'admin' }, schema },
    async (request, reply) => {
      const { correlationId } = request.params;
      const reason = request.body?.reason ?? DEFAULT_REASON;
      const answer = await administration.restore(correlationId, {
        actor: actorOf(request),
        reason,
      });
      const outcome = answer.kind;
      request.log.info({ ...idsOf(correlationId), reason, outcome }, 'a caller restores a process');
      switch (answer.kind) {
        case 'busy':
          return sendUnavailable(reply, `Nothing was done: ${answer.reason}.`, { correlationId });
        case 'damaged':
          return sendProblem(
            reply,
            'conflict',
            'The process is live and archived at once, or archived in part, and was left as it is. `fastify-camunda verify` says what is wrong.',
            { correlationId },
          );
        case 'restored':
        case 'restored-before':
        case 'live':
        case 'unknown': {
          const state = await live.findProcess(correlationId);
          return state ? sendProcess(reply, state) : sendProcessNotFound(reply, correlationId);
        }
        default:
          return answer satisfies never;
      }
    },
  );
};
