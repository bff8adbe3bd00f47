import sql from 'mssql';
import type { Archive, ArchiveCount } from '../../../domain/ports/archive.ts';
import { endedBefore, MOVABLE, upToMostEvents } from '../archive-rows.ts';
import { EVENT_COLUMNS } from '../event-row.ts';
import { fromProcessRow, PROCESS_COLUMNS, type ProcessRow } from '../process-row.ts';
import { isoTimes, withRetry } from './connection.ts';
import { createRestore } from './restore.ts';
import { lockStream } from './stream-lock.ts';

const SELECT = `SELECT ${PROCESS_COLUMNS.join(', ')} FROM process_store_archive WHERE correlation_id = @correlation_id`;

/** A first look without locks. */
const CANDIDATES = `
SELECT TOP (@limit) p.correlation_id, p.version FROM process_store AS p
WHERE ${endedBefore('@before')} AND ${MOVABLE} ORDER BY p.updated_at`;

/**
 * Moves candidates in one transaction. Each stream is locked as by an append; two movers wait for each
 * other instead of for ever, for both lock in the order of the ids. What was read before the locks may be
 * old, so it is looked at again under them. `OUTPUT … INTO` needs archive tables without triggers,
 * foreign keys and checks
 * (https://learn.microsoft.com/sql/t-sql/queries/output-clause-transact-sql#restrictions).
 *
 * Tried: passing over streams that are locked, by a lock timeout of 0. A server that speaks T-SQL without
 * being SQL Server dies of the second lock that it refuses.
 */
function moveStatement(candidates: number): string {
  const locks = Array.from({ length: candidates }, (_, at) => lockStream(`@stream${at}`));
  const ids = locks.map((_, at) => `@stream${at}`).join(', ');
  return `
SET XACT_ABORT ON;
DECLARE @now DATETIME2(3) = SYSUTCDATETIME(), @lock INT, @processes INT = 0, @events INT = 0;
DECLARE @chosen TABLE (correlation_id VARCHAR(255) COLLATE Latin1_General_BIN2);
BEGIN TRANSACTION;
${locks.join('\n')}
INSERT INTO @chosen (correlation_id) SELECT p.correlation_id FROM process_store AS p
  WHERE p.correlation_id IN (${ids}) AND ${endedBefore('@before')} AND ${MOVABLE};
${move('process_store', PROCESS_COLUMNS)}
SET @processes = @@ROWCOUNT;
${move('event_log', ['id', ...EVENT_COLUMNS])}
SET @events = @@ROWCOUNT;
COMMIT TRANSACTION;
SELECT @processes AS processes, @events AS events;`;
}

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

  /** Null when there were candidates, but others were faster. */
  async function moveOnce(before: Date, limit: number): Promise<ArchiveCount | null> {
    const { recordset: found } = await pool
      .request()
      .input('before', sql.DateTime2(3), before)
      .input('limit', sql.Int, limit)
      .query<{ correlation_id: string; version: number }>(CANDIDATES);
    const ids = upToMostEvents(found).sort();
    if (ids.length === 0) return { processes: 0, events: 0 };
    const request = pool.request().input('before', sql.DateTime2(3), before);
    for (const [at, id] of ids.entries()) request.input(`stream${at}`, sql.VarChar(255), id);
    const { recordset } = await request.query<ArchiveCount>(moveStatement(ids.length));
    const [moved] = recordset;
    return moved && moved.processes > 0 ? moved : null;
  }

  return {
    async moveBatch({ endedBefore, limit }) {
      for (;;) {
        const moved = await withRetry(() => moveOnce(new Date(endedBefore), limit));
        if (moved) return moved;
      }
    },
    preview,
    restore: createRestore(pool),
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
