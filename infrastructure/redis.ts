import { Redis, type RedisOptions } from 'ioredis';

export type RedisClient = Redis;

/**
 * `caller` answers somebody, `worker` waits for work, `limiter` stands before every call and is done
 * without when it is slow.
 */
export type RedisUse = 'caller' | 'worker' | 'limiter';

/** Longest pause between two attempts to connect, in milliseconds. */
const MAX_RECONNECT_MS = 2_000;

/**
 * Connection settings as BullMQ's production guide asks
 * (https://docs.bullmq.io/guide/going-to-production): whoever answers a caller fails at once when
 * Redis is away, whoever waits for work waits for Redis too.
 */
export function redisOptions(use: RedisUse): RedisOptions {
  return {
    retryStrategy: (times) => Math.min(MAX_RECONNECT_MS, 50 * 2 ** Math.min(times, 10)),
    ...(use === 'worker'
      ? { maxRetriesPerRequest: null }
      : {
          maxRetriesPerRequest: 1,
          enableOfflineQueue: false,
          commandTimeout: use === 'limiter' ? 250 : 5_000,
        }),
  };
}

/** Opens a connection; what it cannot do is told by its commands, and once by `onError`. */
export function openRedis(
  url: string,
  use: RedisUse,
  onError: (error: Error) => void,
): RedisClient {
  const redis = new Redis(url, redisOptions(use));
  redis.on('error', onError);
  return redis;
}

/** Resolves when the connection can take commands; rejects after `timeoutMs`. */
export async function untilReady(redis: Redis, timeoutMs: number): Promise<void> {
  if (redis.status === 'ready') return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      redis.off('ready', ready);
      reject(new Error('Redis did not answer in time'));
    }, timeoutMs);
    const ready = (): void => {
      clearTimeout(timer);
      resolve();
    };
    redis.once('ready', ready);
  });
}
