import type { FastifyBaseLogger } from 'fastify';
import type { Config } from '../../config.ts';
import type { createShutdown } from '../lifecycle/shutdown.ts';

/** Service instances that share a Redis count the calls of a caller together. */
export async function openRateLimit(
  config: Pick<Config, 'REDIS_URL' | 'RATE_LIMIT_PER_MINUTE' | 'REDIS_PREFIX'>,
  shutdown: ReturnType<typeof createShutdown>,
  log: FastifyBaseLogger,
) {
  if (config.REDIS_URL === '' || config.RATE_LIMIT_PER_MINUTE === 0) return undefined;
  const { openRedis } = await import('../../../infrastructure/redis/connection.ts');
  const redis = openRedis(config.REDIS_URL, 'limiter', (err) =>
    log.warn({ err }, 'Redis is unavailable: calls are not counted together'),
  );
  shutdown.add('rate limit', () => redis.disconnect());
  return { redis, prefix: config.REDIS_PREFIX };
}
