import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';

/** Resolves when the dependency works, rejects with the reason when not. */
export type HealthCheck = () => Promise<unknown>;

/** Milliseconds a dependency has to answer. */
const CHECK_TIMEOUT_MS = 2_000;

const liveness = z.object({ status: z.literal('live') }).meta({ examples: [{ status: 'live' }] });

const readiness = z
  .object({
    status: z.enum(['ready', 'stopping', 'unavailable']),
    checks: z
      .record(z.string(), z.string())
      .describe('`ok`, or what is wrong, for each dependency'),
  })
  .meta({
    examples: [{ status: 'ready', checks: { database: 'ok', queue: 'ok', engine: 'ok' } }],
  });

/** `GET /health/live` and `GET /health/ready`. */
export const healthRoutes: FastifyPluginAsyncZod<{
  checks: Readonly<Record<string, HealthCheck>>;
  stopping: () => boolean;
}> = async (app, { checks, stopping }) => {
  app.get(
    '/health/live',
    {
      config: { scope: 'open' },
      schema: {
        summary: 'The process runs',
        tags: ['operations'],
        response: { 200: liveness.describe('Live') },
      },
    },
    async () => ({ status: 'live' as const }),
  );

  app.get(
    '/health/ready',
    {
      config: { scope: 'open' },
      schema: {
        summary: 'The service and all it depends on work',
        tags: ['operations'],
        response: {
          200: readiness.describe('Ready'),
          503: readiness.describe('Stopping, or a dependency is away: `checks` names it'),
        },
      },
    },
    async (_request, reply) => {
      const results = await Promise.all(
        Object.entries(checks).map(async ([name, check]) => [name, await outcome(check)] as const),
      );
      const allWell = results.every(([, result]) => result === 'ok');
      const status = stopping() ? 'stopping' : allWell ? 'ready' : 'unavailable';
      return reply
        .code(status === 'ready' ? 200 : 503)
        .send({ status, checks: Object.fromEntries(results) });
    },
  );
};

async function outcome(check: HealthCheck): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, CHECK_TIMEOUT_MS, new Error(`no answer in ${CHECK_TIMEOUT_MS} ms`));
  });
  try {
    await Promise.race([check(), late]);
    return 'ok';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
  }
}
