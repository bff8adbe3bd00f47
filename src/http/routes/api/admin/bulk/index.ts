import type { FastifyReply } from 'fastify';
import type { BulkAnswer } from '../../../../../../domain/bulk/index.ts';
import { actorOf } from '../../../../../access/caller.ts';
import { sendProblem } from '../../../../answers/problems.ts';
import type { Route } from '../../../../parts/route.ts';
import { encodeCursor } from '../../../../queries/cursor.ts';
import {
  beginSchema,
  failuresSchema,
  filterOf,
  findSchema,
  listSchema,
  publicRun,
  resumeSchema,
  stopSchema,
} from './bulk.schema.ts';

const NOTHING_YET = { done: 0, failed: 0, left: 0, reasons: [] };

/** `/api/admin/bulk`: begin and list; `…/:id`: look at, stop and resume a run, and list its failures. */
export const bulkRoutes: Route<'administration' | 'definitions'> = async (
  app,
  { administration: { bulk }, definitions },
) => {
  const config = { scope: 'admin' } as const;

  app.post('/api/admin/bulk', { config, schema: beginSchema }, async (request, reply) => {
    const { filter, ...asked } = request.body;
    const run = await bulk.begin({
      ...asked,
      filter: filterOf(filter, definitions),
      actor: actorOf(request),
    });
    const url = `/api/admin/bulk/${run.id}`;
    return reply.code(202).header('location', url).send(publicRun(run, NOTHING_YET));
  });

  app.get('/api/admin/bulk', { config, schema: listSchema }, async ({ query }) => {
    const { limit, cursor } = query;
    const found = await bulk.list(limit + 1, cursor?.id);
    const runs = [];
    for (const run of found.slice(0, limit)) {
      const answer = await bulk.find(run.id);
      if (answer.kind === 'known') runs.push(publicRun(answer.run, answer.progress));
    }
    const last = runs.at(-1);
    const hasMore = last && found.length > limit;
    return { runs, nextCursor: hasMore ? encodeCursor({ id: last.id }) : null };
  });

  app.get('/api/admin/bulk/:id', { config, schema: findSchema }, async ({ params }, reply) =>
    sendAnswer(reply, params.id, await bulk.find(params.id)),
  );

  app.get(
    '/api/admin/bulk/:id/failures',
    { config, schema: failuresSchema },
    async ({ params: { id }, query: { limit, cursor } }, reply) => {
      if ((await bulk.find(id)).kind === 'unknown') return sendUnknown(reply, id);
      const found = await bulk.failures(id, limit + 1, cursor?.correlationId);
      const failures = found.slice(0, limit);
      const last = failures.at(-1);
      const hasMore = last && found.length > limit;
      const nextCursor = hasMore ? encodeCursor({ correlationId: last.correlationId }) : null;
      return { failures, nextCursor };
    },
  );

  app.post('/api/admin/bulk/:id/stop', { config, schema: stopSchema }, async (request, reply) => {
    const { id } = request.params;
    return sendAnswer(reply, id, await bulk.stop(id, actorOf(request)));
  });

  app.post(
    '/api/admin/bulk/:id/resume',
    { config, schema: resumeSchema },
    async (request, reply) => {
      const { id } = request.params;
      return sendAnswer(reply, id, await bulk.resume(id, actorOf(request)));
    },
  );
};

function sendAnswer(reply: FastifyReply, id: string, answer: BulkAnswer): FastifyReply {
  switch (answer.kind) {
    case 'known':
      return reply.send(publicRun(answer.run, answer.progress));
    case 'refused':
      return sendProblem(
        reply,
        'conflict',
        `The run is ${answer.run.status}: one that is collecting or running can be stopped, and one that is stopped resumed.`,
      );
    case 'unknown':
      return sendUnknown(reply, id);
    default:
      return answer satisfies never;
  }
}

function sendUnknown(reply: FastifyReply, id: string): FastifyReply {
  return sendProblem(
    reply,
    'not-found',
    `There is no bulk run with the id "${id}"; GET /api/admin/bulk lists all. Ended ones are kept for 90 days.`,
  );
}
