import { Cluster } from 'ioredis';
import { openRedis, untilReady } from './connection.ts';
import { speaksPlainRedis, speaksTls } from './detect-protocol.ts';
import { parseRedisUrl, type RedisTarget } from './redis-url.ts';

/** Milliseconds that Redis has to answer at the start. */
const CONNECT_MS = 5_000;
/** Below the first BullMQ does not work, below the second it advises against. */
const LEAST_VERSION = [5, 0] as const;
const ADVISED_VERSION = [6, 2] as const;

/**
 * Looks at the start whether Redis answers and is fit for a queue.
 *
 * @returns one line for each setting of Redis that puts jobs at risk
 * @throws Error with half a sentence that says why it cannot be used, without any password
 */
export async function checkRedis(url: string): Promise<string[]> {
  const target = parseRedisUrl(url);
  const connection = openRedis(url, 'caller', () => {});
  try {
    await untilReady(connection, CONNECT_MS).catch(async (cause: Error) => {
      const reason = explain(target, cause.message);
      const isWrong = isRedisAway(cause) && (await speaksOtherwise(target));
      throw isWrong ? new RedisProtocolError(reason, { cause }) : new Error(reason, { cause });
    });
    const servers = connection instanceof Cluster ? connection.nodes('master') : [connection];
    const warnings = await Promise.all(
      servers.map(async (server) => judgeServer(target.kind, readInfo(await server.info()))),
    );
    // Nodes of a cluster are set up alike.
    return [...new Set(warnings.flat())];
  } finally {
    connection.disconnect();
  }
}

/** What a Redis, or the way to it, says that is away for a while: nobody has set anything wrong. */
const AWAY =
  /ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|no answer within|closed the connection|Connection is closed|Connection is in closing state|Command timed out|Socket timeout|max retries per request|Stream isn't writeable|no sentinel answers|no node of the cluster answers|^(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN)/;

/** It is there, and speaks TLS where the URL says that it does not, or the other way round. */
class RedisProtocolError extends Error {}

async function speaksOtherwise({ hosts, tls }: RedisTarget): Promise<boolean> {
  const [first] = hosts;
  if (!first) return false;
  return tls ? speaksPlainRedis(first) : speaksTls(first);
}

/** Whether an error of a connection, or of `checkRedis`, says no more than that Redis is away. */
export function isRedisAway(error: unknown): boolean {
  return (
    error instanceof Error && !(error instanceof RedisProtocolError) && AWAY.test(error.message)
  );
}

/** What to look at, for what Redis or the network said last. */
function explain({ kind, tls }: RedisTarget, said: string): string {
  if (said.startsWith('WRONGPASS')) return 'the user or password is wrong (WRONGPASS)';
  if (said.startsWith('NOAUTH')) {
    return 'it asks for a password and the URL has none (NOAUTH); write redis://:password@host';
  }
  if (said.includes("unknown command 'sentinel'")) {
    return 'it is no sentinel; sentinels usually listen on 26379';
  }
  if (said.includes('cluster support disabled')) return 'it is no cluster; write redis://';
  if (said.includes('ECONNRESET') && !tls) return `${said}; if it speaks only TLS, write rediss`;
  if (said.startsWith('no answer') && tls) return `${said}; if it speaks no TLS, write redis`;
  if (said.includes('certificate')) {
    return `${said}; name the file of its authority in NODE_EXTRA_CA_CERTS`;
  }
  if (kind === 'sentinel' && said.startsWith('All sentinels')) {
    return 'no sentinel answers and knows the master';
  }
  return said === 'Failed to refresh slots cache.' ? 'no node of the cluster answers' : said;
}

export type RedisInfo = Readonly<Record<string, string>>;

/** The fields of `INFO` (https://redis.io/docs/latest/commands/info/). */
export function readInfo(text: string): RedisInfo {
  const lines = text.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1)];
    }),
  );
}

/**
 * What a server's own account of itself means for us.
 *
 * @returns warnings, one line each
 * @throws Error when jobs cannot be kept there
 */
export function judgeServer(kind: RedisTarget['kind'], info: RedisInfo): string[] {
  const version = info.redis_version ?? '';
  if (isBelow(version, LEAST_VERSION)) {
    throw new Error(`it is Redis ${version}; BullMQ needs 5.0, and 6.2 or newer is advised`);
  }
  if (kind === 'single' && info.cluster_enabled === '1') {
    throw new Error('it is a node of a cluster; write redis-cluster:// instead of redis://');
  }
  if (info.role === 'slave') {
    throw new Error('it is a replica, which takes no jobs; give its master, or redis-sentinel://');
  }
  const warnings: string[] = [];
  if (isBelow(version, ADVISED_VERSION)) {
    warnings.push(`REDIS_URL: it is Redis ${version}; BullMQ advises 6.2 or newer`);
  }
  // INFO tells it also where a provider does not permit CONFIG GET.
  const policy = info.maxmemory_policy;
  if (policy === undefined) {
    warnings.push(
      'REDIS_URL: Redis does not say what it does when its memory is full; see that its maxmemory-policy is noeviction, or jobs can be lost',
    );
  } else if (policy !== 'noeviction') {
    warnings.push(
      `REDIS_URL: Redis may throw away jobs when its memory is full (maxmemory-policy ${policy}); set maxmemory-policy noeviction`,
    );
  }
  return warnings;
}

function isBelow(version: string, [major, minor]: readonly [number, number]): boolean {
  const [, ownMajor, ownMinor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  // A server that calls itself something else is taken at its word elsewhere.
  if (ownMajor === undefined) return false;
  return Number(ownMajor) < major || (Number(ownMajor) === major && Number(ownMinor) < minor);
}
