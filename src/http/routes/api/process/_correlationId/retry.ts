import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import {
  type ProcessState,
  type RetryAnswer,
  retryProcess,
  unreachable,
} from '../../../../../../domain/process/index.ts';
import { actorOf } from '../../../../../access/caller.ts';
import { problem, sendProblem } from '../../../../answers/problems.ts';
import {
  sendOutcome,
  sendProcessNotFound,
  statusUrl,
} from '../../../../answers/process-answers.ts';
import type { Route } from '../../../../parts/route.ts';
import { optionalText } from '../../../../schemas/fields.ts';
import {
  correlationParams,
  pendingSchema,
  reasonBody,
  resultSchema,
} from '../../../../schemas/process.ts';
import { beginWait } from '../../../../waiting/caller-wait.ts';

const DEFAULT_REASON = 'retried by the caller';

const schema = {
  operationId: 'retryProcess',
  summary: 'Retry a process that ended in a technical failure',
  description:
    'It continues with the failed step. When the engine no longer has its instance, it starts again with the same request.',
  tags: ['process'],
  params: correlationParams,
  headers: z.object({
    prefer: optionalText.describe('`wait=N` seconds, or `respond-async` (RFC 7240)'),
  }),
  body: reasonBody(DEFAULT_REASON, 'the partner is back'),
  response: {
    200: resultSchema.describe('The process completed'),
    202: pendingSchema.describe('Retried; the process has not ended within the time to wait'),
    404: problem('No such process was ever accepted'),
    409: problem(
      'The process is pending, archived, erased, or ended in a way that cannot be retried',
    ),
    422: problem('The process ended in a business error, or was cancelled'),
    502: problem('The process ended in a technical failure again'),
    503: problem('The database cannot be reached, or too many callers wait; nothing was written'),
  },
};

/** `POST /api/process/:correlationId/retry`. */
export const retryRoute: Route<'store' | 'live' | 'limits'> = async (
  app,
  { store: { eventStore }, live, limits },
) => {
  app.post(
    '/api/process/:correlationId/retry',
    { config: { scope: 'process:start' }, schema },
    async (request, reply) => {
      const { correlationId } = request.params;
      const reason = request.body?.reason ?? DEFAULT_REASON;
      const wait = beginWait(request, reply, limits, { byDefault: true });
      if (!wait) return reply;
      const answer = await retryProcess(
        { correlationId, reason, actor: actorOf(request), wait },
        { eventStore, ...live },
      );
      return sendRetryAnswer(reply, correlationId, answer);
    },
  );
};

function sendRetryAnswer(
  reply: FastifyReply,
  correlationId: string,
  answer: RetryAnswer,
): FastifyReply {
  const refuse = (detail: string): FastifyReply =>
    sendProblem(reply, 'not-retryable', detail, {
      correlationId,
      statusUrl: statusUrl(correlationId),
    });
  switch (answer.kind) {
    case 'retried':
      return sendOutcome(reply, correlationId, answer.end);
    case 'unknown':
      return sendProcessNotFound(reply, correlationId);
    case 'archived':
      return refuse('The process is archived; restore it first, or start a new one.');
    case 'erased':
      return refuse(
        'The personal data that the process was started with is erased; start a new one.',
      );
    case 'refused':
      return refuse(whyNot(answer.state));
    default:
      return unreachable(answer);
  }
}

function whyNot(state: ProcessState): string {
  if (state.status === 'pending') {
    return 'The process has not failed: it is pending. Wait for its end, or cancel it.';
  }
  if (state.status === 'ok') return 'The process completed; there is nothing to retry.';
  return state.error?.kind === 'cancelled'
    ? 'The process was cancelled, which is final. Start a new one.'
    : 'The process ended in a business error, which a retry would not change. Start a new process with other data.';
}
