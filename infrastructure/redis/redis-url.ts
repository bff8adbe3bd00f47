/** The address of Redis and the login. */
export interface RedisTarget {
  kind: 'single' | 'sentinel' | 'cluster';
  /** The server, the sentinels, or some nodes of the cluster, through which the others are found. */
  hosts: { host: string; port: number }[];
  tls: boolean;
  username?: string;
  password?: string;
  /** Number of the database; 0 on a cluster. */
  db: number;
  /** The name of the master in the configuration of the sentinels. */
  masterName: string;
  /** The sentinels' own login, if they require one. */
  sentinelUsername?: string;
  sentinelPassword?: string;
}

const FORM =
  /^(redis|rediss)(?:-(sentinel|cluster))?:\/\/(?:([^/?#]*)@)?([^/?#@]+)(?:\/([^?#]*))?(?:\?([^#]*))?$/;
const HOST = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/;

/**
 * Reads the forms of REDIS_URL; `rediss` instead of `redis` stands for TLS:
 *
 * - `redis://user:password@host:6379/0`
 * - `redis-sentinel://user:password@host1:26379,host2:26379/master-name/0?sentinelPassword=…`
 * - `redis-cluster://user:password@host1:6379,host2:6379`
 *
 * @throws RangeError with half a sentence that says what is wrong, without any part of the URL: it may contain a
 *   password
 */
export function parseRedisUrl(text: string): RedisTarget {
  const found = FORM.exec(text);
  if (!found) {
    throw new RangeError(
      'must be redis://host:port, redis-sentinel://host:port,host:port/master-name or redis-cluster://host:port,host:port (rediss… for TLS); escape / ? # in a password as encodeURIComponent does',
    );
  }
  const [, protocol, form, login, hosts = '', path = '', query] = found;
  const kind = form === 'sentinel' || form === 'cluster' ? form : 'single';
  const [masterName, db] = kind === 'sentinel' ? splitPath(path) : ['', path];
  const target: RedisTarget = {
    kind,
    hosts: hosts.split(',').map((host) => readHost(host, kind === 'sentinel' ? 26_379 : 6_379)),
    tls: protocol === 'rediss',
    ...readLogin(login),
    db: readDb(db, kind),
    masterName,
  };
  if (kind === 'single' && target.hosts.length > 1) {
    throw new RangeError('names several hosts: write redis-sentinel:// or redis-cluster://');
  }
  return { ...target, ...readQuery(query, kind) };
}

/** The error of `parseRedisUrl`, or null when the URL is valid. */
export function redisUrlProblem(text: string): string | null {
  try {
    parseRedisUrl(text);
    return null;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return error.message;
  }
}

function splitPath(path: string): [name: string, db: string] {
  const [name = '', db = '', ...more] = path.split('/');
  if (name === '' || more.length > 0) {
    throw new RangeError('must name the master of the sentinels: redis-sentinel://host:port/name');
  }
  return [decode(name), db];
}

function readHost(text: string, fallback: number): { host: string; port: number } {
  const [, ipv6, name, digits] = HOST.exec(text) ?? [];
  const host = ipv6 ?? name;
  const port = digits === undefined ? fallback : Number(digits);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new RangeError(
      'has an invalid host; write host:port, or several of them separated by commas',
    );
  }
  return { host, port };
}

function readLogin(text: string | undefined): Pick<RedisTarget, 'username' | 'password'> {
  if (text === undefined || text === '') return {};
  const [, username = '', password = ''] = /^([^:]*):?(.*)$/.exec(text) ?? [];
  return {
    ...(username === '' ? {} : { username: decode(username) }),
    ...(password === '' ? {} : { password: decode(password) }),
  };
}

function readDb(text: string, kind: RedisTarget['kind']): number {
  if (!/^\d{0,3}$/.test(text))
    throw new RangeError('must end with the number of the database or without a path');
  const db = Number(text);
  if (kind === 'cluster' && db !== 0)
    throw new RangeError('names a database; a cluster has only database 0');
  return db;
}

function readQuery(text: string | undefined, kind: RedisTarget['kind']): Partial<RedisTarget> {
  const given: Partial<RedisTarget> = {};
  for (const [name, value] of new URLSearchParams(text ?? '')) {
    const isSentinels = name === 'sentinelUsername' || name === 'sentinelPassword';
    if (name === 'username' || name === 'password' || (isSentinels && kind === 'sentinel')) {
      given[name] = value;
    } else if (name === 'db') {
      given.db = readDb(value, kind);
    } else {
      throw new RangeError(
        'has an unknown parameter; known are username, password and db, and for redis-sentinel:// also sentinelUsername and sentinelPassword',
      );
    }
  }
  return given;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new RangeError('has a % that is not part of an escape; write it as %25', { cause });
  }
}
