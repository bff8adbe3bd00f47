import { declareScope } from '../../access/routes.ts';
import { sendProblem } from '../../answers/problems.ts';
import type { Route } from '../../parts/route.ts';

const PATH = '/admin/queues';

/**
 * Bull Board's page needs its own scripts, and style attributes. It works without its web font and the check for
 * a newer release, which would be loaded from elsewhere.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "base-uri 'self'",
  "frame-ancestors 'none'",
  "img-src 'self' data:",
  "object-src 'none'",
  "style-src 'self' 'unsafe-inline'",
].join('; ');

/** Bull Board, which shows the queues in Redis, at `/admin/queues`. Jobs hold ids and no data of a process. */
export const queueBoard: Route<'operations'> = async (app, { operations: { onBoards } }) => {
  declareScope(app, 'admin');
  if (!onBoards) {
    app.get(PATH, { schema: { hide: true } }, async (_request, reply) =>
      sendProblem(
        reply,
        'not-found',
        'The queue is in the service process, so there is no queue board; set REDIS_URL for one. GET /api/admin/jobs/failed lists failed jobs.',
      ),
    );
    return;
  }
  const [{ createBullBoard }, { FastifyAdapter }] = await Promise.all([
    import('@bull-board/api'),
    import('@bull-board/fastify'),
  ]);
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
