import { startRealEngine } from '../../test/support/engines/start-engine.ts';
import { startRedis } from '../../test/support/redis.ts';

export interface Production {
  /** Settings for the service. */
  env: { REDIS_URL: string; CAMUNDA_BASE_URL: string };
  stop(): Promise<void>;
}

/**
 * Starts a Redis and an Operaton for the benchmark alone, so that no other load is measured.
 *
 * @throws Error with one sentence that names what is missing
 */
export async function startProduction(): Promise<Production> {
  const redis = await startRedis();
  try {
    const engine = await startRealEngine('operaton');
    return {
      env: { REDIS_URL: redis.url, CAMUNDA_BASE_URL: engine.url },
      stop: async () => void (await Promise.all([engine.stop(), redis.stop()])),
    };
  } catch (error) {
    await redis.stop();
    throw error;
  }
}

/** Runs a benchmark on a Redis and an Operaton; skips it with a note if they cannot be started. */
export async function inProduction<Report extends object>(
  what: string,
  measure: (production: Production) => Promise<Report>,
): Promise<Report | { rows: never[]; notes: string[] }> {
  const production = await startProduction().catch((error: Error) => error);
  if (production instanceof Error) {
    const [reason] = production.message.split('\n');
    return { rows: [], notes: [`${what}: skipped, ${reason}`] };
  }
  try {
    return await measure(production);
  } finally {
    await production.stop();
  }
}
