import sql from 'mssql';
import type { Archive } from '../../../domain/ports.ts';
import { MOST_EVENTS, MOVABLE } from '../archive-rows.ts';
import { EVENT_COLUMNS } from '../event-row.ts';
import { fromProcessRow, PROCESS_COLUMNS, type ProcessRow } from '../process-row.ts';
import { isoTimes, withRetry } from './connection.ts';

const SELECT = `SELECT ${PROCESS_COLUMNS.join(', ')} FROM process_store_archive WHERE correlation_id = @correlation_id`;

/**
 * Chooses and moves in one transaction. Each stream is locked like by an append, without waiting: one
 * that somebody writes to is passed over. What was read before the lock may be old, so it is looked at
 * again under it. `OUTPUT … INTO` needs archive tables without triggers, foreign keys and checks
 * (https://learn.microsoft.com/sql/t-sql/queries/output-clause-transact-sql#restrictions).
 */
const MOVE = `
SET XACT_ABORT ON;
DECLARE @now DATETIME2(3) = SYSUTCDATETIME();
DECLARE @id VARCHAR(255), @version INT, @lock INT, @events INT = 0, @moved INT = 0;
DECLARE @chosen TABLE (correlation_id VARCHAR(255) COLLATE Latin1_General_BIN2 NOT NULL PRIMARY KEY);
BEGIN TRANSACTION;
DECLARE movable CURSOR LOCAL STATIC FORWARD_ONLY FOR
  SELECT TOP (@limit) p.correlation_id, p.version FROM process_store AS p
  WHERE p.updated_at < @before AND ${MOVABLE} ORDER BY p.updated_at;
OPEN movable;
FETCH NEXT FROM movable INTO @id, @version;
WHILE @@FETCH_STATUS = 0 AND (@events = 0 OR @events + @version <= @most)
BEGIN
  EXEC @lock = sp_getapplock @Resource = @id, @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = 0;
  IF @lock >= 0
  BEGIN
    INSERT INTO @chosen (correlation_id)
      SELECT p.correlation_id FROM process_store AS p
      WHERE p.correlation_id = @id AND p.updated_at < @before AND ${MOVABLE};
    SET @events = @events + @version;
  END
  FETCH NEXT FROM movable INTO @id, @version;
END
CLOSE movable;
DEALLOCATE movable;
${move('process_store', PROCESS_COLUMNS)}
${move('event_log', ['id', ...EVENT_COLUMNS])}
SET @moved = @@ROWCOUNT;
COMMIT TRANSACTION;
SELECT COUNT(*) AS processes, @moved AS events FROM @chosen;`;

function move(table: string, columns: readonly string[]): string {
  return `DELETE FROM ${table}
  ${outputToArchive(table, columns)}
  WHERE correlation_id IN (SELECT correlation_id FROM @chosen);`;
}

/** The clause that moves the rows of a DELETE to the table's archive, as of `@now`. */
export function outputToArchive(table: string, columns: readonly string[]): string {
  return `OUTPUT ${columns.map((name) => `deleted.${name}`).join(', ')}, @now
  INTO ${table}_archive (${columns.join(', ')}, archived_at)`;
}

/** The archive on SQL Server. */
export function createMssqlArchive(options: {
  pool: sql.ConnectionPool;
  preview: Archive['preview'];
}): Archive {
  const { pool, preview } = options;
  return {
    async moveBatch({ endedBefore, limit }) {
      const { recordset } = await withRetry(() =>
        pool
          .request()
          .input('before', sql.DateTime2(3), new Date(endedBefore))
          .input('limit', sql.Int, limit)
          .input('most', sql.Int, MOST_EVENTS)
          .query<{ processes: number; events: number }>(MOVE),
      );
      return recordset[0] ?? { processes: 0, events: 0 };
    },
    preview,
    async findProcess(correlationId) {
      const { recordset } = await withRetry(() =>
        pool
          .request()
          .input('correlation_id', sql.VarChar(255), correlationId)
          .query<ProcessRow>(SELECT),
      );
      return recordset[0] ? fromProcessRow(isoTimes(recordset[0])) : null;
    },
  };
}
