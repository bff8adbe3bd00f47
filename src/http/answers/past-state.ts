import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Moment, type PastState, unreachable } from '../../../domain/process/index.ts';
import { sendProblem } from './problems.ts';
import {
  etagOf,
  isKnown,
  publicProcess,
  sendNotModified,
  sendProcessNotFound,
} from './process-answers.ts';

/** Sends a past state: 200 whether ended or not, for there is nothing to wait for. */
export function sendPastState(
  request: Pick<FastifyRequest, 'headers'>,
  reply: FastifyReply,
  { correlationId, past, moment }: { correlationId: string; past: PastState; moment: Moment },
): FastifyReply {
  switch (past.kind) {
    case 'found': {
      const { state } = past;
      if (isKnown(request, state)) return sendNotModified(reply, state);
      const at = 'version' in moment ? moment.version : moment.time;
      return reply
        .header('ETag', etagOf(state))
        .header('Cache-Control', 'no-cache')
        .send({ ...publicProcess(state), at });
    }
    case 'before-start':
      return sendProblem(
        reply,
        'not-yet-there',
        `The process "${correlationId}" was accepted at ${past.startedAt}, after that time.`,
        { correlationId },
      );
    case 'beyond-end':
      return sendProblem(
        reply,
        'not-yet-there',
        `The process "${correlationId}" is at version ${past.lastVersion}; ask for at most that version.`,
        { correlationId },
      );
    case 'never-seen':
      return sendProcessNotFound(reply, correlationId);
    default:
      return unreachable(past);
  }
}
