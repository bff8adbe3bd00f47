import sql from 'mssql';
import type { Archive, ArchiveCount, Batch, BatchOptions } from '../../domain/archive/index.ts';
import {
  CANDIDATE,
  CANDIDATE_ORDER,
  type Candidate,
  candidatesOf,
  ENDED,
  endedBefore,
  limitEvents,
  MOVABLE,
  nextCursor,
} from '../sql/archive-rows.ts';
import { COUNT_MOVE } from '../sql/checkpoints.ts';
import { EVENT_COLUMNS, IDENTIFIER_COLUMNS, PROCESS_COLUMNS } from '../sql/columns.ts';
import { withRetry } from './retry.ts';
import { bindTexts } from './statements.ts';
import { lockStream } from './stream-lock.ts';
import { SHARE_TABLES } from './table-lock.ts';

/**
 * The first candidates, read without locks, and the newest event, which shows whether others write. SQL Server
 * must be told for each status how far to read.
 */
const CANDIDATES = `SELECT TOP (@limit) correlation_id, version, updated_at FROM (${ENDED.map(
  (status) => `SELECT * FROM (
  SELECT TOP (@limit) ${CANDIDATE} ${candidatesOf(status)} ${CANDIDATE_ORDER}) AS of_${status}`,
).join(' UNION ALL ')}) AS ended ${CANDIDATE_ORDER};
SELECT MAX(id) AS newest FROM event_log;`;
/**
 * Events that one transaction moves, unless a single stream is longer: SQL Server takes a lock on the whole table at 5,000
 * row locks of one statement
 * (https://learn.microsoft.com/sql/relational-databases/sql-server-transaction-locking-and-row-versioning-guide#lock-escalation).
 */
const MAX_EVENTS = 2_000;
/** Before all times. */
const BEGINNING = '0001-01-01T00:00:00.000Z';

/**
 * Moves candidates in one transaction. Each stream is locked as by an append; two movers wait for each
 * other without a deadlock, because both lock in the order of the ids. What was read before the locks may be
 * old, so it is checked again under them. `OUTPUT … INTO` needs archive tables without triggers,
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
${SHARE_TABLES}
INSERT INTO @chosen (correlation_id) SELECT p.correlation_id FROM process_store AS p
  WHERE p.correlation_id IN (${ids}) AND ${endedBefore('@before')} AND ${MOVABLE};
${move('process_store', PROCESS_COLUMNS)}
SET @processes = @@ROWCOUNT;
${MOVE_IDENTIFIERS}
${move('event_log', ['id', ...EVENT_COLUMNS])}
SET @events = @@ROWCOUNT;
IF @processes > 0 ${COUNT_MOVE};
COMMIT TRANSACTION;
SELECT @processes AS processes, @events AS events;`;
}

/** The identifiers of the chosen processes; they have no time of their own. */
const MOVE_IDENTIFIERS = `DELETE FROM process_identifier
  OUTPUT ${IDENTIFIER_COLUMNS.map((name) => `deleted.${name}`).join(', ')}
  INTO process_identifier_archive (${IDENTIFIER_COLUMNS.join(', ')})
  WHERE correlation_id IN (SELECT correlation_id FROM @chosen);`;

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

/** `moveBatch` on SQL Server. */
export function createMoveBatch(pool: sql.ConnectionPool): Archive['moveBatch'] {
  /** Moves none of its candidates when others were faster. */
  async function moveOnce({ endedBefore, limit, after }: BatchOptions): Promise<Batch> {
    const before = new Date(endedBefore);
    const { recordsets } = await pool
      .request()
      .input('before', sql.DateTime2(3), before)
      .input('after_time', sql.DateTime2(3), new Date(after?.updatedAt ?? BEGINNING))
      .input('after_id', sql.VarChar(255), after?.correlationId ?? '')
      .input('limit', sql.Int, limit)
      .query(CANDIDATES);
    const [found, [log]] = recordsets as unknown as [Candidate[], { newest: string | null }[]];
    const chosen = limitEvents(found, MAX_EVENTS);
    const newestEvent = log?.newest == null ? null : String(log.newest);
    const batch = { next: nextCursor(chosen, found, limit), newestEvent };
    if (chosen.length === 0) return { ...batch, processes: 0, events: 0, ms: 0 };
    const ids = chosen.map((one) => one.correlation_id).sort();
    const request = pool.request().input('before', sql.DateTime2(3), before);
    bindTexts(request, 'stream', ids);
    const began = performance.now();
    const { recordset } = await request.query<ArchiveCount>(moveStatement(ids.length));
    const ms = performance.now() - began;
    return { ...batch, ...(recordset[0] ?? { processes: 0, events: 0 }), ms };
  }

  return async (options) => {
    for (let { after } = options; ; ) {
      const batch = await withRetry(() => moveOnce({ ...options, after }));
      if (batch.processes > 0 || !batch.next) return batch;
      after = batch.next;
    }
  };
}
