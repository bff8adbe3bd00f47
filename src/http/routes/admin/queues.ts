import { createBullBoard } from '@bull-board/api';
import { FastifyAdapter } from '@bull-board/fastify';
import { declareScope } from '../../access/routes.ts';
import { sendProblem } from '../../answers/problems.ts';
import type { Route } from '../../parts/route.ts';

const PATH = '/admin/queues';

/**
 * What Bull Board's page needs: its own scripts, and style attributes. Its web font and the number of
 * its newest release would come from elsewhere; it does without.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "base-uri 'self'",
  "frame-ancestors 'none'",
  "img-src 'self' data:",
  "object-src 'none'",
  "style-src 'self' 'unsafe-inline'",
].join('; ');

/** Bull Board, a look at the queues in Redis, at `/admin/queues`; jobs hold ids and no data of a process. */
export const queueBoard: Route<'operations'> = async (app, { operations: { onBoards } }) => {
  declareScope(app, 'admin');
  if (!onBoards) {
    app.get(PATH, { schema: { hide: true } }, async (_request, reply) =>
      sendProblem(
        reply,
        'not-found',
        'There is no Redis, so there are no queues to look at; see REDIS_URL. GET /api/admin/jobs/failed lists the jobs that were given up.',
      ),
    );
    return;
  }
  const adapter = new FastifyAdapter().setBasePath(PATH);
  const { setQueues } = createBullBoard({
    queues: [],
    serverAdapter: adapter,
    options: { uiConfig: { boardTitle: 'fastify-camunda' } },
  });
  onBoards((opened) => setQueues([...opened]));
  await app.register(
    async (board) => {
      board.addHook('onSend', (_request, reply, payload, done) => {
        reply.header('Content-Security-Policy', CONTENT_SECURITY_POLICY);
        done(null, payload);
      });
      await board.register(adapter.registerPlugin());
    },
    { prefix: PATH },
  );
};
