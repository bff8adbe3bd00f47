import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { inTime } from '../../../domain/common/index.ts';
import { maskUrls } from '../../../infrastructure/observability/secrets.ts';
import type { HealthCheck, OperationsPart } from '../parts/server-parts.ts';
import { text } from '../schemas/fields.ts';

/** How long a dependency may take to answer. */
const CHECK_TIMEOUT_MS = 2_000;
/** How long a probe may be answered with what was well, while the dependencies are asked again. */
const FRESH_MS = 1_000;

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
  const check = latest(() => outcomes(checks));
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
      const status = stopping() ? 'stopping' : areWell(results) ? 'ready' : 'unavailable';
      const seen = notes?.() ?? [];
      const more = seen.length > 0 ? { notes: seen } : {};
      return reply.code(status === 'ready' ? 200 : 503).send({ status, checks: results, ...more });
    },
  );
};

type Outcomes = Readonly<Record<string, string>>;

/**
 * One check at a time, whatever the number of probes. Each probe causes one, but waits for it only when the last has found a
 * fault or is older than `FRESH_MS`: on a busy machine every answer of a dependency takes a turn of the event loop, 30 ms.
 */
function latest(ask: () => Promise<Outcomes>): () => Promise<Outcomes> {
  let asking: Promise<Outcomes> | undefined;
  let well: { found: Outcomes; at: number } | undefined;

  async function askAgain(): Promise<Outcomes> {
    try {
      const found = await ask();
      well = areWell(found) ? { found, at: performance.now() } : undefined;
      return found;
    } finally {
      asking = undefined;
    }
  }

  return async () => {
    asking ??= askAgain();
    return well && performance.now() - well.at < FRESH_MS ? well.found : asking;
  };
}

function areWell(found: Outcomes): boolean {
  return Object.values(found).every((outcome) => outcome === 'ok');
}

async function outcomes(checks: Readonly<Record<string, HealthCheck>>): Promise<Outcomes> {
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
