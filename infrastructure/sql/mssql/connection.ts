import type { Knex } from 'knex';
import sql from 'mssql';
import { StoreUnavailableError } from '../../../domain/errors.ts';

export interface MssqlTarget {
  server: string;
  port: number;
  user: string;
  password: string;
  database: string;
  encrypt: boolean;
  trustServerCertificate: boolean;
}

/**
 * Reads `mssql://user:password@host:1433/database?encrypt=false&trustServerCertificate=true`; encrypted
 * and with a certificate that is checked unless it says otherwise.
 */
export function readMssqlUrl(text: string): MssqlTarget {
  const url = new URL(text);
  return {
    server: url.hostname,
    port: url.port ? Number(url.port) : 1433,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
    encrypt: url.searchParams.get('encrypt') !== 'false',
    trustServerCertificate: url.searchParams.get('trustServerCertificate') === 'true',
  };
}

/** Connections for the hot statements. Not connected yet. */
export function createPool(target: MssqlTarget, size: number): sql.ConnectionPool {
  const { encrypt, trustServerCertificate, ...connection } = target;
  const pool = new sql.ConnectionPool({
    ...connection,
    pool: { min: 0, max: size, idleTimeoutMillis: 30_000 },
    connectionTimeout: 10_000,
    requestTimeout: 30_000,
    options: { encrypt, trustServerCertificate, useUTC: true },
  });
  // A connection that breaks while idle is told here; without a listener it would end the process. The
  // next request opens a new one, or says why it cannot.
  pool.on('error', () => {});
  return pool;
}

/** Knex for migrations and lists. */
export function mssqlKnexConfig(url: string): Knex.Config {
  const { encrypt, trustServerCertificate, server, ...connection } = readMssqlUrl(url);
  return {
    client: 'mssql',
    connection: { ...connection, server, options: { encrypt, trustServerCertificate } },
    pool: { min: 0, max: 4 },
  };
}

/** Violation of a unique constraint or index. */
const DUPLICATE = new Set([2601, 2627]);
/**
 * Deadlock victim, and Azure SQL's passing errors
 * (https://learn.microsoft.com/azure/azure-sql/database/troubleshoot-common-errors-issues).
 */
const PASSING = new Set([1205, 3960, 4060, 10928, 10929, 40197, 40501, 40613, 49918, 49919, 49920]);
const ATTEMPTS = 50;
const LONGEST_PAUSE_MS = 200;

/**
 * Runs a statement that is whole in itself, again when it lost a race or met a passing error.
 *
 * @throws StoreUnavailableError when the server cannot be reached or stays in trouble
 */
export async function withRetry<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      // Only what the driver says is about the database: a typed refusal of ours goes up as it is.
      if (!isFromDriver(error)) throw error;
      const { number } = error as { number?: number };
      const again = number !== undefined && (DUPLICATE.has(number) || PASSING.has(number));
      if (again && attempt < ATTEMPTS) {
        // Random, so that those who met do not meet again.
        const pause = Math.random() * Math.min(LONGEST_PAUSE_MS, 2 * attempt ** 2);
        await new Promise((resolve) => setTimeout(resolve, pause));
        continue;
      }
      // An error of the server has a number; without one the connection is at fault.
      if (again || number === undefined) {
        throw new StoreUnavailableError(`the database cannot be used: ${error.message}`, {
          cause: error,
        });
      }
      throw error;
    }
  }
}

/** Errors of `mssql`, and of its pool (tarn) when no connection comes free in time. */
function isFromDriver(error: unknown): error is Error {
  if (error instanceof sql.MSSQLError) return true;
  return error instanceof Error && error.constructor.name === 'TimeoutError';
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
