import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import { parseRedisUrl, type RedisTarget } from './redis-url.ts';

export type RedisClient = Redis | Cluster;
/**
 * `caller`: commands on behalf of a caller, which fail at once when Redis is away. `worker`: waits for jobs, and for
 * Redis to return. `limiter`: the rate limit, which is called for every request and skipped when it is slow.
 */
type RedisUse = 'caller' | 'worker' | 'limiter';

/** The longest delay between two attempts to connect. */
const MAX_RECONNECT_DELAY_MS = 2_000;
const COMMAND_TIMEOUT_MS = { caller: 5_000, limiter: 250 } as const;
/**
 * A connection that owes an answer for longer than this counts as dead and is opened again. A network that drops
 * packets closes no connection, and the operating system notices after about 15 minutes only. The longest command of a
 * worker waits 10 seconds for a job.
 */
const SOCKET_TIMEOUT_MS: Record<RedisUse, number> = {
  caller: 6_000,
  limiter: 6_000,
  worker: 15_000,
};

const reconnectDelayMs = (times: number): number =>
  Math.min(MAX_RECONNECT_DELAY_MS, 50 * 2 ** Math.min(times, 10));

/**
 * Opens a connection with the settings of BullMQ's production guide
 * (https://docs.bullmq.io/guide/going-to-production). Connection errors go to `onError`; a command that cannot be sent
 * rejects.
 *
 * @param url in a form of `parseRedisUrl`
 */
export function openRedis(
  url: string,
  use: RedisUse,
  onError: (error: Error) => void,
): RedisClient {
  const target = parseRedisUrl(url);
  const redis =
    target.kind === 'cluster'
      ? new Cluster(target.hosts, clusterOptions(target, use))
      : new Redis({
          ...serverOptions(target),
          ...useOptions(use),
          retryStrategy: reconnectDelayMs,
        });
  redis.on('error', onError);
  return redis;
}

/**
 * Opens a connection for a subscription; ioredis does not open it again when it is lost. On a cluster it connects to
 * one node, another one with each `attempt`: every node gets the messages of all.
 */
export function openSubscriber(
  url: string,
  attempt: number,
  onError: (error: Error) => void,
): Redis {
  const target = parseRedisUrl(url);
  const node = target.hosts[attempt % target.hosts.length];
  const redis = new Redis({
    ...serverOptions(target),
    ...(target.kind === 'cluster' ? node : {}),
    ...useOptions('worker'),
    retryStrategy: () => null,
  });
  redis.on('error', onError);
  return redis;
}

/** The address and login of the server; of a cluster only the login. */
function serverOptions(target: RedisTarget): RedisOptions {
  const { kind, hosts, username, password, db, tls, sentinelUsername, sentinelPassword } = target;
  const [first] = hosts;
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
    ...(kind === 'single' ? { ...first, db } : {}),
    ...(kind === 'sentinel'
      ? {
          sentinels: hosts,
          name: target.masterName,
          db,
          enableTLSForSentinelMode: tls,
          ...(tls ? { sentinelTLS: {} } : {}),
          ...(sentinelUsername === undefined ? {} : { sentinelUsername }),
          ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
          sentinelRetryStrategy: reconnectDelayMs,
        }
      : {}),
  };
}

function useOptions(use: RedisUse): RedisOptions {
  return {
    socketTimeout: SOCKET_TIMEOUT_MS[use],
    ...(use === 'worker'
      ? { maxRetriesPerRequest: null }
      : {
          maxRetriesPerRequest: 1,
          enableOfflineQueue: false,
          commandTimeout: COMMAND_TIMEOUT_MS[use],
        }),
  };
}

function clusterOptions(target: RedisTarget, use: RedisUse): ClusterOptions {
  const { enableOfflineQueue = true, ...redisOptions } = {
    ...serverOptions(target),
    ...useOptions(use),
  };
  return {
    redisOptions,
    enableOfflineQueue,
    clusterRetryStrategy: reconnectDelayMs,
    // A certificate is issued for the name of a node, not for its address.
    ...(target.tls ? { dnsLookup: (name, done) => done(null, name) } : {}),
  };
}

/**
 * Puts a key prefix into braces on a cluster, so that all keys are on one node: BullMQ's scripts change several keys at
 * once (https://docs.bullmq.io/bull/patterns/redis-cluster).
 */
export function prefixFor(url: string, prefix: string): string {
  const isCluster = parseRedisUrl(url).kind === 'cluster';
  return isCluster && !/\{[^}]+\}/.test(prefix) ? `{${prefix}}` : prefix;
}

/** Refusals of the login, which would be the same after any wait. */
const LOGIN_REFUSED = /^(WRONGPASS|NOAUTH|NOPERM|ERR (AUTH|invalid|DB index|Client sent AUTH))/;

/**
 * Resolves when the connection accepts commands.
 *
 * @throws Error after `timeoutMs`, or when the login is refused, with the last message of Redis or the network
 */
export async function untilReady(redis: RedisClient, timeoutMs: number): Promise<void> {
  if (redis.status === 'ready') return;
  let last: Error | undefined;
  // The error of a cluster says only that no node answered; that of a node says why.
  let lastOfNode: Error | undefined;
  await new Promise<void>((resolve, reject) => {
    const finish = (end: () => void): void => {
      clearTimeout(timer);
      redis.off('ready', ready);
      redis.off('error', failed);
      redis.off('node error', nodeFailed);
      redis.off('end', ended);
      end();
    };
    const ready = (): void => finish(resolve);
    const ended = (): void => finish(() => reject(last ?? new Error('it closed the connection')));
    const failed = (error: Error): void => {
      last = lastOfNode ?? error;
      if (LOGIN_REFUSED.test(last.message)) finish(() => reject(last));
    };
    const nodeFailed = (error: Error): void => {
      if (error.message !== 'Connection is closed.') lastOfNode = error;
    };
    const timer = setTimeout(
      () => finish(() => reject(last ?? new Error(`no answer within ${timeoutMs} ms`))),
      timeoutMs,
    );
    redis.on('error', failed);
    redis.on('node error', nodeFailed);
    redis.once('ready', ready);
    redis.once('end', ended);
  });
}
