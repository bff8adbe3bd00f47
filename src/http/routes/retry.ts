import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type ProcessState, type RetryPorts, retryProcess } from '../../../domain/process/index.ts';
import { actorOf } from '../../access/caller.ts';
import { problem, sendProblem, sendProcessError } from '../answers/problems.ts';
import { sendPending, statusUrl } from '../answers/process-answers.ts';
import { correlationParams, pendingSchema, resultSchema } from '../schemas/process.ts';
import { preferredWait } from '../waiting/prefer.ts';

const DEFAULT_REASON = 'retried by the caller';

/** `POST /api/process/:correlationId/retry`. */
export const retryRoutes: FastifyPluginAsyncZod<RetryPorts & { waitTimeoutMs: number }> = async (
  app,
  { waitTimeoutMs, ...ports },
) => {
  app.post(
    '/api/process/:correlationId/retry',
    {
      config: { scope: 'process:start' },
      schema: {
        operationId: 'retryProcess',
        summary: 'Give a process that failed for a technical reason another go',
        description:
          'It goes on with the step that failed; when the engine has its instance no more, it begins anew with the same request.',
        tags: ['process'],
        params: correlationParams,
        headers: z.object({
          prefer: z.string().optional().describe('`wait=N` seconds, or `respond-async` (RFC 7240)'),
        }),
        body: z
          .strictObject({ reason: z.string().min(1).max(4_000).default(DEFAULT_REASON) })
          .nullish()
          .meta({ examples: [{ reason: 'the partner is back' }] }),
        response: {
          200: resultSchema.describe('The process ended well'),
          202: pendingSchema.describe('Goes on; not ended within the time to wait'),
          404: problem('No such process was ever accepted'),
          409: problem('It is pending, archived, erased, or ended in a way that stands'),
          422: problem('The process ended in a business error, or was cancelled'),
          502: problem('The process ended in a technical failure again'),
          503: problem('The database cannot be reached; nothing was written'),
        },
      },
    },
    async (request, reply) => {
      const { correlationId } = request.params;
      const wait = preferredWait(request.headers.prefer, waitTimeoutMs, waitTimeoutMs);
      const reason = request.body?.reason ?? DEFAULT_REASON;
      const answer = await retryProcess(
        { correlationId, reason, actor: actorOf(request), waitMs: wait.ms },
        ports,
        // A caller who hangs up frees its place at once.
        (waiter) => void reply.raw.once('close', waiter.cancel),
      );
      const url = statusUrl(correlationId);
      switch (answer.kind) {
        case 'unknown':
          return sendProblem(
            reply,
            'not-found',
            `No process with the correlation id "${correlationId}" was ever accepted.`,
            { correlationId },
          );
        case 'archived':
          return sendProblem(
            reply,
            'not-retryable',
            'The process is archived; restore it first, or start a new one.',
            { correlationId, statusUrl: url },
          );
        case 'erased':
          return sendProblem(
            reply,
            'not-retryable',
            'The personal data that the process was started with is erased; start a new one.',
            { correlationId, statusUrl: url },
          );
        case 'refused':
          return sendProblem(reply, 'not-retryable', whyNot(answer.state), {
            correlationId,
            statusUrl: url,
          });
        case 'retried': {
          if (wait.applied) reply.header('Preference-Applied', wait.applied);
          const { end } = answer;
          if (!end) return sendPending(reply, correlationId);
          if (end.status === 'error') return sendProcessError(reply, end, url);
          return reply.send({ status: 'ok', correlationId, result: end.data });
        }
      }
    },
  );
};

function whyNot(state: ProcessState): string {
  if (state.status === 'pending') {
    return 'The process has not failed: it is pending. Wait for its end, or cancel it.';
  }
  if (state.status === 'ok') return 'The process ended well; there is nothing to retry.';
  return state.error?.kind === 'cancelled'
    ? 'The process was cancelled, and that stands. Start a new one.'
    : 'A rule of the process said no, and would say so again. Start a new process with other data.';
}
