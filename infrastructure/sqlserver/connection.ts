import type { Knex } from 'knex';
import sql from 'mssql';
import { SetupError } from '../../domain/common/index.ts';
import { insistOnEncryption } from './insist-on-encryption.ts';
import { type MssqlTarget, readMssqlUrl } from './target.ts';

/** How many connections an instance may have, and how long it waits for what. Times in milliseconds. */
export interface PoolLimits {
  max: number;
  min: number;
  connectTimeoutMs: number;
  requestTimeoutMs: number;
  /** For a connection to come free, or be made. */
  acquireTimeoutMs: number;
}

const DEFAULT_LIMITS: PoolLimits = {
  max: 10,
  min: 0,
  connectTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  acquireTimeoutMs: 10_000,
};
const IDLE_MS = 30_000;
/** Connections of Knex. */
const KNEX_MAX = 4;

/** A pool of connections. Not connected yet. */
export function createPool(target: MssqlTarget, given: Partial<PoolLimits>): sql.ConnectionPool {
  const limits = { ...DEFAULT_LIMITS, ...given };
  const { server, port, user, password, database } = target;
  const pool = new sql.ConnectionPool({
    server,
    port,
    user,
    password,
    database,
    pool: {
      min: Math.min(limits.min, limits.max),
      max: limits.max,
      idleTimeoutMillis: IDLE_MS,
      acquireTimeoutMillis: limits.acquireTimeoutMs,
    },
    connectionTimeout: limits.connectTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    options: { ...driverOptions(target), useUTC: true },
    // The default asks the server with a query of its own before every statement: two round trips
    // instead of one. `withRetry` handles a connection that turns out to be dead.
    validateConnection: 'socket',
  } as sql.config);
  // A connection that breaks while idle is reported here; without a listener it would end the process. The next
  // request opens a new one, or fails with the reason.
  pool.on('error', () => {});
  return pool;
}

/** Knex for migrations and lists. */
export function mssqlKnexConfig(url: string, given: Partial<PoolLimits> = {}): Knex.Config {
  const limits = { ...DEFAULT_LIMITS, ...given };
  const target = readMssqlUrl(url);
  const { server, port, user, password, database } = target;
  return {
    client: 'mssql',
    connection: {
      server,
      port,
      user,
      password,
      database,
      connectionTimeout: limits.connectTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      options: driverOptions(target),
    } as Knex.MsSqlConnectionConfig,
    pool: { min: 0, max: Math.min(KNEX_MAX, limits.max), idleTimeoutMillis: IDLE_MS },
    acquireConnectionTimeout: limits.acquireTimeoutMs,
    // Knex would print what it also throws, over several lines and not through our log.
    log: { warn() {}, error() {}, deprecate() {}, debug() {} },
  };
}

function driverOptions(target: MssqlTarget) {
  insistOnEncryption();
  const { encrypt, trustServerCertificate, applicationName, multiSubnetFailover } = target;
  // The types of the drivers lag behind them: tedious has known `strict` since its version 16.
  return {
    encrypt: encrypt as boolean,
    trustServerCertificate,
    appName: applicationName,
    multiSubnetFailover,
  };
}

/**
 * Opens a pool.
 *
 * @throws SetupError naming the variable and what was tried
 */
export async function connectPool(pool: sql.ConnectionPool, target: MssqlTarget): Promise<void> {
  try {
    await pool.connect();
  } catch (error) {
    throw unreachable(target, error);
  }
}

/**
 * Connects once, to check that it is possible.
 *
 * @throws SetupError naming the variable and what was tried
 */
export async function reachMssql(url: string, limits: Partial<PoolLimits>): Promise<void> {
  const target = readMssqlUrl(url);
  const pool = createPool(target, limits);
  await connectPool(pool, target);
  await pool.close();
}

/** Why a database cannot be reached, in one line without the password. */
export function unreachable(target: MssqlTarget, cause: unknown): SetupError {
  const { server, port, user, database, password } = target;
  const text = cause instanceof Error ? cause.message : String(cause);
  const line = text.replace(/\s+/g, ' ').trim();
  const reason = password === '' ? line : line.replaceAll(password, '***');
  return new SetupError(
    `DATABASE_URL: no SQL Server at ${server}:${port} lets ${user} into ${database}: ${reason}`,
    { cause },
  );
}

/** Times come as Date from the driver and are ISO 8601 texts everywhere else. */
export function isoTimes<Row extends object>(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value instanceof Date ? value.toISOString() : value,
    ]),
  ) as Row;
}
