import sql from 'mssql';
import { MAX_COUNTED_ROWS, maxHidden, type Outbox } from '../../domain/outbox/index.ts';
import type { EventType } from '../../domain/process/index.ts';
import { withRetry } from './retry.ts';
import { rowsOf } from './statements.ts';

interface Row {
  event_id: string;
  correlation_id: string;
  event_type: EventType;
  attempts: number;
  created_at: Date;
  traceparent: string | null;
  user_task: string | null;
}

const DUE = '(available_at <= @now OR available_at > DATEADD(millisecond, @longest, @now))';

/**
 * Rows that another relay has locked are skipped, and row locks keep two relays from blocking each other on a page
 * (https://learn.microsoft.com/sql/t-sql/queries/hints-transact-sql-table). Due is
 * checked again at the update, in case a row was claimed between read and lock: `UPDLOCK` prevents that, and no test
 * has seen the difference, because a server that ignores the hint reads the rows again as well.
 *
 * Leases run by the server's clock, the same for all instances.
 */
const CLAIM = `
DECLARE @now DATETIME2(3) = SYSUTCDATETIME();
DECLARE @taken TABLE (
  event_id BIGINT, correlation_id VARCHAR(255), event_type VARCHAR(50), attempts INT
);
UPDATE outbox SET attempts = outbox.attempts + 1, available_at = DATEADD(millisecond, @lease, @now)
OUTPUT deleted.event_id, deleted.correlation_id, deleted.event_type, deleted.attempts INTO @taken
WHERE ${DUE} AND event_id IN (
  SELECT TOP (@limit) event_id FROM outbox WITH (READPAST, UPDLOCK, ROWLOCK)
  WHERE ${DUE} ORDER BY event_id
);
SELECT taken.event_id, taken.correlation_id, taken.event_type, taken.attempts, event_log.created_at,
  JSON_VALUE(event_log.metadata, '$.traceparent') AS traceparent,
  JSON_VALUE(event_log.metadata, '$.userTask') AS user_task
FROM @taken AS taken LEFT JOIN event_log ON event_log.id = taken.event_id ORDER BY taken.event_id`;
const REMOVE = `
DELETE FROM outbox WHERE event_id IN (SELECT CAST(value AS BIGINT) FROM OPENJSON(@ids))`;
const RELEASE = `
UPDATE outbox SET available_at = DATEADD(millisecond, @delay, SYSUTCDATETIME()), last_error = @error
WHERE event_id IN (SELECT CAST(value AS BIGINT) FROM OPENJSON(@ids))`;
const RELEASE_ALL = 'UPDATE outbox SET available_at = SYSUTCDATETIME()';
const DEPTH = `
SELECT (SELECT COUNT(*) FROM (SELECT TOP (${MAX_COUNTED_ROWS}) event_id FROM outbox) AS counted) AS row_count,
  DATEDIFF_BIG(millisecond, (SELECT TOP (1) created_at FROM outbox ORDER BY event_id), SYSUTCDATETIME()) AS age`;

/**
 * The outbox on SQL Server.
 *
 * @param pool or an open transaction
 */
export function createMssqlOutbox(pool: Pick<sql.ConnectionPool, 'request'>): Outbox {
  const ids = (eventIds: readonly string[]): sql.Request =>
    pool.request().input('ids', sql.NVarChar(sql.MAX), JSON.stringify(eventIds));

  return {
    async claim(limit, leaseMs) {
      const request = pool
        .request()
        .input('limit', sql.Int, limit)
        .input('lease', sql.Int, leaseMs)
        .input('longest', sql.Int, maxHidden(leaseMs));
      return (await rowsOf<Row>(request, CLAIM)).map((row) => ({
        eventId: String(row.event_id),
        correlationId: row.correlation_id,
        eventType: row.event_type,
        isUserTask: row.user_task !== null,
        attempts: row.attempts,
        createdAt: row.created_at?.toISOString(),
        traceparent: row.traceparent ?? undefined,
      }));
    },
    async remove(eventIds) {
      await rowsOf(ids(eventIds), REMOVE);
    },
    async release(eventIds, error, delayMs) {
      await rowsOf(
        ids(eventIds).input('delay', sql.Int, delayMs).input('error', sql.NVarChar(sql.MAX), error),
        RELEASE,
      );
    },
    async releaseAll() {
      const { rowsAffected } = await withRetry(() => pool.request().query(RELEASE_ALL));
      return rowsAffected[0] ?? 0;
    },
    async depth() {
      const [row] = await rowsOf<{ row_count: number; age: string | number | null }>(
        pool.request(),
        DEPTH,
      );
      return { rows: row?.row_count ?? 0, oldestAgeMs: Math.max(0, Number(row?.age ?? 0)) };
    },
  };
}
