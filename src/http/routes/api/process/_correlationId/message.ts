import { z } from 'zod';
import { deliverMessage } from '../../../../../../domain/engine/index.ts';
import { unreachable } from '../../../../../../domain/process/index.ts';
import { actorOf } from '../../../../../access/caller.ts';
import { problem, sendProblem } from '../../../../answers/problems.ts';
import { sendProcessNotFound, statusUrl } from '../../../../answers/process-answers.ts';
import { sendUnavailable } from '../../../../answers/unavailable.ts';
import type { Route } from '../../../../parts/route.ts';
import { columnText } from '../../../../schemas/fields.ts';
import { correlationParams, variablesSchema } from '../../../../schemas/process.ts';

const URL = '/api/process/:correlationId/message';

const schema = {
  operationId: 'sendMessage',
  summary: 'Deliver a message to a process that waits for it',
  tags: ['process'],
  params: correlationParams,
  body: z
    .strictObject({ messageName: columnText, variables: variablesSchema })
    .meta({ examples: [{ messageName: 'parcel-picked-up', variables: { courier: 'Kim' } }] }),
  response: {
    204: z.null().describe('Delivered'),
    404: problem('No such process was ever accepted'),
    409: problem('Nothing waits for the message now; send it again later'),
    502: problem('The process engine refused the message; nothing happened'),
    503: problem(
      'The process engine or the database cannot be reached; the answer says whether the message may have been delivered',
    ),
  },
};

/** `POST /api/process/:correlationId/message`. */
export const messageRoute: Route<'store' | 'engine' | 'operations'> = async (
  app,
  { store: { eventStore }, engine, operations: { idsOf } },
) => {
  app.post(URL, { config: { scope: 'process:start' }, schema }, async (request, reply) => {
    const { correlationId } = request.params;
    const { messageName, variables } = request.body;
    const audit = { httpMethod: 'POST', endpoint: URL, httpStatusCode: 204 };
    const answer = await deliverMessage(
      correlationId,
      { messageName, variables, actor: actorOf(request), audit },
      { eventStore, engine },
    );
    const about = { correlationId, statusUrl: statusUrl(correlationId) };
    switch (answer.kind) {
      case 'delivered':
        return reply.code(204).send(null);
      case 'unknown':
        return sendProcessNotFound(reply, correlationId);
      case 'not-recorded':
        request.log.error(
          { ...idsOf(correlationId), err: answer.reason },
          'the engine took a message, but its event could not be written',
        );
        return sendUnavailable(
          reply,
          'The connection to the database was lost after the engine had taken the message, so the message may have been delivered without an event of it. Read the status of the process before you send it again.',
          about,
        );
      case 'ended':
        return sendProblem(
          reply,
          'no-receiver',
          'The process has ended and takes no more messages.',
          about,
        );
      case 'no-receiver':
        return sendProblem(
          reply,
          'no-receiver',
          `The process does not wait for the message "${messageName}" now. Send it again later.`,
          about,
        );
      default:
        return unreachable(answer);
    }
  });
};
