import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import { parseRedisUrl, type RedisTarget } from './redis-url.ts';

export type RedisClient = Redis | Cluster;
/**
 * `caller` answers somebody, and fails at once when Redis is away; `worker` waits for work, and for Redis
 * too; `limiter` stands before every call and is done without when it is slow.
 */
export type RedisUse = 'caller' | 'worker' | 'limiter';

/** Longest pause between two attempts to connect, in milliseconds. */
const MAX_RECONNECT_MS = 2_000;
/** Milliseconds a command may take. */
const COMMAND_MS = { caller: 5_000, limiter: 250 } as const;
/**
 * Milliseconds after which a connection that owes an answer counts as dead and is opened anew. A network
 * that swallows packets closes nothing: the system's own time for that is about 15 minutes. A worker's
 * longest command waits 10 seconds for a job.
 */
const SILENT_MS: Record<RedisUse, number> = { caller: 6_000, limiter: 6_000, worker: 15_000 };

const reconnectIn = (times: number): number =>
  Math.min(MAX_RECONNECT_MS, 50 * 2 ** Math.min(times, 10));

/**
 * Opens a connection with the settings that BullMQ's production guide asks for
 * (https://docs.bullmq.io/guide/going-to-production); what it cannot do is told by its commands, and once
 * by `onError`.
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
      : new Redis({ ...serverOptions(target), ...useOptions(use), retryStrategy: reconnectIn });
  redis.on('error', onError);
  return redis;
}

/**
 * Opens a connection for a subscription, which is not opened again when it is lost. On a cluster it goes to
 * one node, another with each `attempt`: every node has the messages of all.
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

/** Where the server is; of a cluster only how to log in. */
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
          sentinelRetryStrategy: reconnectIn,
        }
      : {}),
  };
}

function useOptions(use: RedisUse): RedisOptions {
  return {
    socketTimeout: SILENT_MS[use],
    ...(use === 'worker'
      ? { maxRetriesPerRequest: null }
      : { maxRetriesPerRequest: 1, enableOfflineQueue: false, commandTimeout: COMMAND_MS[use] }),
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
    clusterRetryStrategy: reconnectIn,
    // A certificate is for the name of a node, not for its address.
    ...(target.tls ? { dnsLookup: (name, done) => done(null, name) } : {}),
  };
}

/**
 * Keeps a prefix of keys on one node of a cluster: BullMQ's scripts change several keys at once
 * (https://docs.bullmq.io/bull/patterns/redis-cluster).
 */
export function prefixFor(url: string, prefix: string): string {
  const isCluster = parseRedisUrl(url).kind === 'cluster';
  return isCluster && !/\{[^}]+\}/.test(prefix) ? `{${prefix}}` : prefix;
}

/** What a server says at once and would say again: there is no point in waiting. */
const FINAL = /^(WRONGPASS|NOAUTH|NOPERM|ERR (AUTH|invalid|DB index|Client sent AUTH))/;

/**
 * Resolves when the connection can take commands.
 *
 * @throws Error after `timeoutMs`, or when the login was refused: with what Redis or the network said last
 */
export async function untilReady(redis: RedisClient, timeoutMs: number): Promise<void> {
  if (redis.status === 'ready') return;
  let last: Error | undefined;
  // A cluster only says that no node could be asked.
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
      if (FINAL.test(last.message)) finish(() => reject(last));
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
