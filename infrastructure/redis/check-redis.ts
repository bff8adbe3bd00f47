import { Cluster } from 'ioredis';
import { openRedis, untilReady } from './connection.ts';
import { speaksPlainRedis, speaksTls } from './detect-protocol.ts';
import { parseRedisUrl, type RedisTarget } from './redis-url.ts';

/** The longest time that Redis has to answer when the service starts. */
const CONNECT_TIMEOUT_MS = 5_000;
/** BullMQ refuses versions below the first and advises against those below the second. */
const MIN_VERSION = [5, 0] as const;
const ADVISED_VERSION = [6, 2] as const;

/**
 * Checks when the service starts whether Redis answers and can serve as a queue.
 *
 * @returns one warning for each setting of Redis that puts jobs at risk
 * @throws Error with half a sentence that says why Redis cannot be used, without any password
 */
export async function checkRedis(url: string): Promise<string[]> {
  const target = parseRedisUrl(url);
  const connection = openRedis(url, 'caller', () => {});
  try {
    await untilReady(connection, CONNECT_TIMEOUT_MS).catch(async (cause: Error) => {
      const reason = explain(target, cause.message);
      const isMismatch = isRedisAway(cause) && (await speaksOtherProtocol(target));
      throw isMismatch ? new RedisProtocolError(reason, { cause }) : new Error(reason, { cause });
    });
    const servers = connection instanceof Cluster ? connection.nodes('master') : [connection];
    const warnings = await Promise.all(
      servers.map(async (server) => checkServer(target.kind, readInfo(await server.info()))),
    );
    // The nodes of a cluster usually give the same warnings.
    return [...new Set(warnings.flat())];
  } finally {
    connection.disconnect();
  }
}

/** Messages of Redis, ioredis or the network that mean an outage and no wrong setting. */
const AWAY =
  /ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|no answer within|closed the connection|Connection is closed|Connection is in closing state|Command timed out|Socket timeout|max retries per request|Stream isn't writeable|no sentinel answers|no node of the cluster answers|^(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN)/;

/** The server speaks TLS and the URL says plain text, or the other way round. */
class RedisProtocolError extends Error {}

async function speaksOtherProtocol({ hosts, tls }: RedisTarget): Promise<boolean> {
  const [first] = hosts;
  if (!first) return false;
  return tls ? speaksPlainRedis(first) : speaksTls(first);
}

/** Whether an error of a connection or of `checkRedis` means that Redis is away, and not that a setting is wrong. */
export function isRedisAway(error: unknown): boolean {
  return (
    error instanceof Error && !(error instanceof RedisProtocolError) && AWAY.test(error.message)
  );
}

/** Explains the last error of Redis or the network by what to change. */
function explain({ kind, tls }: RedisTarget, message: string): string {
  if (message.startsWith('WRONGPASS')) return 'the user or password is wrong (WRONGPASS)';
  if (message.startsWith('NOAUTH')) {
    return 'it requires a password and the URL has none (NOAUTH); write redis://:password@host';
  }
  if (message.includes("unknown command 'sentinel'")) {
    return 'it is not a sentinel; sentinels usually listen on port 26379';
  }
  if (message.includes('cluster support disabled')) return 'it is not a cluster; write redis://';
  if (message.includes('ECONNRESET') && !tls) {
    return `${message}; if it speaks only TLS, write rediss`;
  }
  if (message.startsWith('no answer') && tls) {
    return `${message}; if it does not speak TLS, write redis`;
  }
  if (message.includes('certificate')) {
    return `${message}; put the path of the authority's certificate into NODE_EXTRA_CA_CERTS`;
  }
  if (kind === 'sentinel' && message.startsWith('All sentinels')) {
    return 'no sentinel answers and knows the master';
  }
  return message === 'Failed to refresh slots cache.' ? 'no node of the cluster answers' : message;
}

type RedisInfo = Readonly<Record<string, string>>;

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
 * Checks the `INFO` of a server.
 *
 * @returns warnings, one line each
 * @throws Error when the server cannot hold jobs
 */
export function checkServer(kind: RedisTarget['kind'], info: RedisInfo): string[] {
  const version = info.redis_version ?? '';
  if (isBelow(version, MIN_VERSION)) {
    throw new Error(`it is Redis ${version}; BullMQ needs 5.0, and 6.2 or newer is advised`);
  }
  if (kind === 'single' && info.cluster_enabled === '1') {
    throw new Error('it is a node of a cluster; write redis-cluster:// instead of redis://');
  }
  if (info.role === 'slave') {
    throw new Error(
      'it is a replica, which accepts no jobs; give its master, or use redis-sentinel://',
    );
  }
  const warnings: string[] = [];
  if (isBelow(version, ADVISED_VERSION)) {
    warnings.push(`REDIS_URL: it is Redis ${version}; BullMQ advises 6.2 or newer`);
  }
  // Read from INFO, because some providers do not permit CONFIG GET.
  const policy = info.maxmemory_policy;
  if (policy === undefined) {
    warnings.push(
      'REDIS_URL: Redis does not report its maxmemory-policy; make sure that it is noeviction, or jobs can be lost when the memory of Redis is full',
    );
  } else if (policy !== 'noeviction') {
    warnings.push(
      `REDIS_URL: Redis may delete jobs when its memory is full (maxmemory-policy ${policy}); set maxmemory-policy noeviction`,
    );
  }
  return warnings;
}

function isBelow(version: string, [major, minor]: readonly [number, number]): boolean {
  const [, ownMajor, ownMinor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  // Compatible servers may report a version of another form; they are accepted.
  if (ownMajor === undefined) return false;
  return Number(ownMajor) < major || (Number(ownMajor) === major && Number(ownMinor) < minor);
}
