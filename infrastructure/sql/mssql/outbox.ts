import sql from 'mssql';
import type { EventType } from '../../../domain/events.ts';
import type { Clock, Outbox } from '../../../domain/ports.ts';
import { withRetry } from './connection.ts';

interface Row {
  event_id: string;
  correlation_id: string;
  event_type: EventType;
  attempts: number;
}

/**
 * Rows that another relay has locked are passed over, and row locks keep two relays from blocking each
 * other on a page (https://learn.microsoft.com/sql/t-sql/queries/hints-transact-sql-table).
 */
const CLAIM = `
UPDATE outbox SET attempts = attempts + 1, available_at = @until
OUTPUT deleted.event_id, deleted.correlation_id, deleted.event_type, deleted.attempts
WHERE event_id IN (
  SELECT TOP (@limit) event_id FROM outbox WITH (READPAST, UPDLOCK, ROWLOCK)
  WHERE available_at <= @now ORDER BY event_id
)`;
const REMOVE = `
DELETE FROM outbox WHERE event_id IN (SELECT CAST(value AS BIGINT) FROM OPENJSON(@ids))`;
const RELEASE = `
UPDATE outbox SET available_at = @until, last_error = @error
WHERE event_id IN (SELECT CAST(value AS BIGINT) FROM OPENJSON(@ids))`;
const RELEASE_ALL = 'UPDATE outbox SET available_at = created_at';
const DEPTH = 'SELECT COUNT(*) AS row_count, MIN(created_at) AS oldest FROM outbox';

/** The outbox on SQL Server. */
export function createMssqlOutbox(options: { pool: sql.ConnectionPool; clock: Clock }): Outbox {
  const { pool, clock } = options;
  const ids = (eventIds: readonly string[]): sql.Request =>
    pool.request().input('ids', sql.NVarChar(sql.MAX), JSON.stringify(eventIds));

  return {
    async claim(limit, leaseMs) {
      const now = clock();
      const { recordset } = await withRetry(() =>
        pool
          .request()
          .input('limit', sql.Int, limit)
          .input('now', sql.DateTime2(3), new Date(now))
          .input('until', sql.DateTime2(3), new Date(now + leaseMs))
          .query<Row>(CLAIM),
      );
      return recordset
        .map((row) => ({
          eventId: String(row.event_id),
          correlationId: row.correlation_id,
          eventType: row.event_type,
          attempts: row.attempts,
        }))
        .sort((a, b) => (BigInt(a.eventId) < BigInt(b.eventId) ? -1 : 1));
    },
    async remove(eventIds) {
      await withRetry(() => ids(eventIds).query(REMOVE));
    },
    async release(eventIds, error, delayMs) {
      await withRetry(() =>
        ids(eventIds)
          .input('until', sql.DateTime2(3), new Date(clock() + delayMs))
          .input('error', sql.NVarChar(sql.MAX), error)
          .query(RELEASE),
      );
    },
    async releaseAll() {
      const { rowsAffected } = await withRetry(() => pool.request().query(RELEASE_ALL));
      return rowsAffected[0] ?? 0;
    },
    async depth() {
      const { recordset } = await withRetry(() =>
        pool.request().query<{ row_count: number; oldest: Date | null }>(DEPTH),
      );
      const [row] = recordset;
      const oldest = row?.oldest?.getTime();
      return {
        rows: row?.row_count ?? 0,
        oldestAgeMs: oldest === undefined ? 0 : Math.max(0, clock() - oldest),
      };
    },
  };
}
