import { z } from 'zod';
import { actorOf } from '../../../../../access/caller.ts';
import { problem, sendProblem } from '../../../../answers/problems.ts';
import { sendProcessNotFound } from '../../../../answers/process-answers.ts';
import type { Route } from '../../../../parts/route.ts';
import { text, time } from '../../../../schemas/fields.ts';
import { correlationParams, reasonBody } from '../../../../schemas/process.ts';

const DEFAULT_REASON = 'erased by an administrator';

const erasureSchema = z
  .object({
    correlationId: text,
    erasedAt: time,
    isGoneFromEngine: z
      .boolean()
      .describe('False: the reconciler deletes it from the engine, which was away'),
    inTheClear: z
      .boolean()
      .describe('True: what was written before there was a master key is in plain text and stays'),
  })
  .meta({
    id: 'Erasure',
    examples: [
      {
        correlationId: 'order-4711',
        erasedAt: '2026-01-31T12:00:00.000Z',
        isGoneFromEngine: true,
        inTheClear: false,
      },
    ],
  });

const schema = {
  operationId: 'eraseProcess',
  summary: 'Erase the personal data of a process for ever',
  description:
    'Destroys the key of its personal data, and deletes its history in the engine. It cannot be undone; sent again, the answer is the same.',
  tags: ['process'],
  params: correlationParams,
  body: reasonBody(DEFAULT_REASON, 'asked for by the customer'),
  response: {
    200: erasureSchema.describe('Its personal data is erased'),
    404: problem('No such process was ever accepted'),
    409: problem('It is pending, or nothing of it is encrypted'),
    503: problem('The database cannot be reached'),
  },
};

/** `POST /api/process/:correlationId/erase`. */
export const eraseRoute: Route<'administration' | 'operations'> = async (
  app,
  { administration, operations: { idsOf } },
) => {
  app.post(
    '/api/process/:correlationId/erase',
    { config: { scope: 'admin' }, schema },
    async (request, reply) => {
      const { correlationId } = request.params;
      const reason = request.body?.reason ?? DEFAULT_REASON;
      const answer = await administration.erase(correlationId, {
        actor: actorOf(request),
        reason,
      });
      const outcome = answer.kind;
      request.log.info({ ...idsOf(correlationId), reason, outcome }, 'a caller erases a process');
      switch (answer.kind) {
        case 'erased':
        case 'erased-before': {
          const { erasedAt, inTheClear, isGoneFromEngine } = answer;
          return { correlationId, erasedAt, isGoneFromEngine, inTheClear };
        }
        case 'pending':
          return sendProblem(
            reply,
            'not-erasable',
            'The process is pending and still needs its data: cancel it first, or wait for its end.',
            { correlationId },
          );
        case 'no-key':
          return sendProblem(
            reply,
            'not-erasable',
            'Nothing of the process is encrypted: it marks nothing as personal, or it ran without PERSONAL_DATA_KEY.',
            { correlationId },
          );
        case 'unknown':
          return sendProcessNotFound(reply, correlationId);
        default:
          return answer satisfies never;
      }
    },
  );
};
