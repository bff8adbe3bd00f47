import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { inTime } from '../../../domain/common/index.ts';
import { maskUrls } from '../../../infrastructure/observability/secrets.ts';
import type { HealthCheck, OperationsPart } from '../parts/server-parts.ts';
import { text } from '../schemas/fields.ts';

/** How long a dependency may take to answer. */
const CHECK_TIMEOUT_MS = 2_000;

const liveness = z.object({ status: z.literal('live') }).meta({ examples: [{ status: 'live' }] });

const readiness = z
  .object({
    status: z.enum(['ready', 'stopping', 'unavailable']),
    checks: z.record(text, text).describe('`ok`, or what is wrong, for each dependency'),
    notes: z
      .array(text)
      .optional()
      .describe('What an operator should look at although the service works'),
  })
  .meta({
    examples: [{ status: 'ready', checks: { database: 'ok', queue: 'ok', engine: 'ok' } }],
  });

/** `GET /health/live` and `GET /health/ready`. */
export const healthRoutes: FastifyPluginAsyncZod<{
  operations: Pick<OperationsPart, 'checks' | 'notes' | 'stopping'>;
}> = async (app, { operations: { checks, notes, stopping } }) => {
  const check = shared(() => outcomes(checks));
  app.get(
    '/health/live',
    {
      config: { scope: 'open' },
      schema: {
        operationId: 'getLiveness',
        summary: 'Whether the service process runs',
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
        operationId: 'getReadiness',
        summary: 'Whether the service and its dependencies work',
        tags: ['operations'],
        response: {
          200: readiness.describe('Ready'),
          503: readiness.describe('Stopping, or a dependency is unavailable: `checks` names it'),
        },
      },
    },
    async (_request, reply) => {
      const results = await check();
      const allWell = Object.values(results).every((result) => result === 'ok');
      const status = stopping() ? 'stopping' : allWell ? 'ready' : 'unavailable';
      const seen = notes?.() ?? [];
      const more = seen.length > 0 ? { notes: seen } : {};
      return reply.code(status === 'ready' ? 200 : 503).send({ status, checks: results, ...more });
    },
  );
};

/** Calls during a running check get its answer, so many probes cause one check at a time. */
function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let asking: Promise<T> | undefined;
  return () => {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
}

async function outcomes(
  checks: Readonly<Record<string, HealthCheck>>,
): Promise<Record<string, string>> {
  const asked = Object.entries(checks).map(
    async ([name, check]) => [name, await outcome(check)] as const,
  );
  return Object.fromEntries(await Promise.all(asked));
}

async function outcome(check: HealthCheck): Promise<string> {
  try {
    await inTime(check(), CHECK_TIMEOUT_MS);
    return 'ok';
  } catch (error) {
    // Everybody may read this answer, and errors of drivers quote URLs with passwords.
    return maskUrls(error instanceof Error ? error.message : String(error));
  }
}
