import sql from 'mssql';
import { StoreUnavailableError } from '../../domain/common/index.ts';
import { STREAM_NOT_LOCKED } from './stream-lock.ts';

/** Violation of a unique constraint or index. */
const DUPLICATE = new Set([2601, 2627]);
/**
 * Transient errors: locks (1204, 1205 deadlock victim, 1222, 3957 and 3960 snapshot conflict, a
 * stream lock whose waiter was the deadlock's victim), memory (8645, 8651), data that is being moved (601),
 * a database that recovers or moves to another node (615, 617, 669, 921, 926, 952, 976, 979, 982, 983, 988,
 * 3906, 4060, 4221, 40143, 40540, 40613), a server that shuts down (6005) and Azure SQL's limits (10928,
 * 10929, 10936, 40501, 49918 to 49920)
 * (https://learn.microsoft.com/azure/azure-sql/database/troubleshoot-common-errors-issues).
 */
const TRANSIENT = new Set([
  ...[STREAM_NOT_LOCKED, 601, 615, 617, 669, 921, 926, 952, 976, 979, 982, 983, 988],
  ...[1204, 1205, 1222, 3906, 3957, 3960, 4060, 4221, 6005, 8645, 8651],
  ...[10928, 10929, 10936, 40143, 40501, 40540, 40613, 49918, 49919, 49920],
]);
/** Azure SQL fails over, and does not report whether the statement was done. */
const FAILOVER = 40197;
/**
 * Severities of errors: out of a resource (disk, log, memory, locks) or at an administrator's limit, and
 * from 20 on the end of the connection
 * (https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-error-severities).
 */
const OUT_OF_RESOURCES = [17, 19];
const FATAL = 20;
const MAX_ATTEMPTS = 50;
const MAX_DELAY_MS = 200;
/** The time for which a statement is tried again after a lost connection: a restart of a pool, not an outage. */
const LOST_TIMEOUT_MS = 5_000;

/** Errors of sockets that break during a statement: Knex passes them on as they are. */
const BROKEN = new Set([
  ...[
    'ECONNRESET',
    'ECONNABORTED',
    'EPIPE',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENETDOWN',
  ],
  ...['ENOTCONN', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'],
]);

/** Why a statement failed, as far as it matters for another attempt. */
type Failure =
  /** It was not sent: no connection could be made, or none became free. */
  | 'not-sent'
  /** Its connection broke, or it took too long: it may have been done. */
  | 'lost'
  | 'duplicate'
  | 'transient'
  /** The server refused it, or the error is not from the driver. */
  | 'final';

interface RetryOptions {
  /** Is called for every failure after which the statement may have been done. */
  onDoubt?: () => void;
}

/**
 * Runs a statement that is complete in itself and may run twice. Runs it again after a conflict, a transient error or a
 * lost connection.
 *
 * @throws StoreUnavailableError when the server cannot be reached or the errors do not end; it says whether the
 *   statement may have been done
 */
export async function withRetry<T>(
  run: () => Promise<T>,
  { onDoubt = () => {} }: RetryOptions = {},
): Promise<T> {
  let lostSince: number | undefined;
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      const failure = failureOf(error);
      if (failure === 'final') throw error;
      if (failure === 'lost') {
        onDoubt();
        lostSince ??= performance.now();
      }
      const again =
        lostSince === undefined
          ? failure !== 'not-sent' && attempt < MAX_ATTEMPTS
          : // After a lost connection, new ones that cannot be made are waited for as well.
            performance.now() - lostSince < LOST_TIMEOUT_MS;
      if (again) {
        // Random, so that two statements that collided do not collide again.
        const delay = Math.random() * Math.min(MAX_DELAY_MS, 2 * attempt ** 2);
        await new Promise((resolve) => setTimeout(resolve, delay));
        continue;
      }
      const reason = error instanceof Error ? error.message : String(error);
      const doubt = lostSince === undefined ? 'nothing-written' : 'unknown';
      throw new StoreUnavailableError(`the database cannot be used: ${reason}`, {
        cause: error,
        outcome: doubt,
      });
    }
  }
}

/** The fields that both drivers add to an error of the server. */
interface Refusal {
  number?: unknown;
  code?: unknown;
  class?: unknown;
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return 'final';
  // By the names of their classes: those of `mssql`, of its pool (tarn) and of Knex when no connection becomes free in
  // time, and those of tedious, which Knex passes on.
  const kind = error.constructor.name;
  if (['TimeoutError', 'KnexTimeoutError', 'ConnectionError'].includes(kind)) return 'not-sent';
  const { number, code, class: severity } = error as Refusal;
  if (typeof code === 'string' && BROKEN.has(code)) return 'lost';
  // Only errors of the drivers are about the database: our own typed errors are thrown as they are.
  if (!(error instanceof sql.MSSQLError) && kind !== 'RequestError') return 'final';
  if (typeof number === 'number') {
    if (DUPLICATE.has(number)) return 'duplicate';
    if (number === FAILOVER || Number(severity) >= FATAL) return 'lost';
    const isTransient = TRANSIENT.has(number) || OUT_OF_RESOURCES.includes(Number(severity));
    return isTransient ? 'transient' : 'final';
  }
  // An error of the server has a number. Without one the cause is the connection, or the call itself.
  return code === 'EPARAM' || code === 'EARGS' || code === 'EINJECT' ? 'final' : 'lost';
}
