import { cutText } from '../../../../../../domain/common/index.ts';
import { actorOf } from '../../../../../access/caller.ts';
import { sendProblem } from '../../../../answers/problems.ts';
import type { Route } from '../../../../parts/route.ts';
import { encodeCursor } from '../../../../queries/cursor.ts';
import { listSchema, retryAllSchema, retrySchema } from './failed.schema.ts';

/** Characters of an error: a list may have a thousand of them. */
const MAX_ERROR_LENGTH = 2_000;

/** Dead letters: `GET /api/admin/jobs/failed`, `POST …/failed/retry`, `POST …/failed/:id/retry`. */
export const failedJobRoutes: Route<'operations' | 'administration'> = async (
  app,
  { operations, administration: { audited } },
) => {
  const { deadLetters } = operations;
  const config = { scope: 'admin' } as const;

  app.get('/api/admin/jobs/failed', { config, schema: listSchema }, async ({ query }) => {
    const { name, limit, cursor } = query;
    const found = await deadLetters.list({ name }, limit + 1, cursor);
    const jobs = found.slice(0, limit);
    const last = jobs.at(-1);
    const hasMore = last && found.length > limit;
    return {
      jobs: jobs.map((job) => ({ ...job, error: cutText(job.error, MAX_ERROR_LENGTH) })),
      nextCursor: hasMore ? encodeCursor({ failedAt: last.failedAt, id: last.id }) : null,
    };
  });

  app.post('/api/admin/jobs/failed/retry', { config, schema: retryAllSchema }, async (request) => {
    const { name = null } = request.query;
    const act = { action: 'retry-jobs', actor: actorOf(request), details: { name } } as const;
    const retried = await audited(
      act,
      () => deadLetters.retryAll(name ?? undefined),
      (count) => ({ outcome: 'done', details: { retried: count } }),
    );
    return { retried };
  });

  app.post(
    '/api/admin/jobs/failed/:id/retry',
    { config, schema: retrySchema },
    async (request, reply) => {
      const { id } = request.params;
      const isRetried = await audited(
        { action: 'retry-jobs', actor: actorOf(request), subject: id },
        () => deadLetters.retry(id),
        (found) => ({ outcome: found ? 'done' : 'refused' }),
      );
      if (isRetried) return reply.code(202).send({ id });
      return sendProblem(
        reply,
        'not-found',
        `No failed job has the id "${id}"; it may have been retried already. GET /api/admin/jobs/failed lists all.`,
      );
    },
  );
};
