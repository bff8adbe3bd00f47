import sql from 'mssql';
import { fold, type ProcessState, type ProcessStore } from '../../domain/process/index.ts';
import { type EventRow, PROCESS_COLUMNS, PROCESS_STORE, type ProcessRow } from '../sql/columns.ts';
import { fromEventRow } from '../sql/event-row.ts';
import { fromProcessRow, toProcessRow } from '../sql/process-row.ts';
import { sqlType, sqlValue } from './column-types.ts';
import { isoTimes } from './connection.ts';
import { withRetry } from './retry.ts';
import { requestFor, rowsOf } from './statements.ts';
import { BEGIN_WITH_STREAM_LOCK } from './stream-lock.ts';
import { SHARE_TABLES } from './table-lock.ts';

const SELECT = `SELECT ${PROCESS_COLUMNS.join(', ')} FROM process_store WHERE correlation_id = @correlation_id`;
const TABLE_ID = `OBJECT_ID('process_store')`;
const NEWER = `SELECT * FROM event_log WHERE correlation_id = @correlation_id AND version > ISNULL(
  (SELECT version FROM process_store WHERE correlation_id = @correlation_id), 0) ORDER BY version`;
/**
 * Only while the stream is live: another projector may have been faster, and the archive run as well; there would then
 * be a second row beside the archived one.
 */
const INSERT = `${BEGIN_WITH_STREAM_LOCK}
${SHARE_TABLES}
INSERT INTO process_store (${PROCESS_COLUMNS.join(', ')})
  SELECT ${PROCESS_COLUMNS.map((name) => `@${name}`).join(', ')} WHERE EXISTS
    (SELECT 1 FROM event_log WHERE correlation_id = @correlation_id AND version = @version);
SELECT @@ROWCOUNT AS written;
COMMIT TRANSACTION;`;
/**
 * Only in the table from which the row was read. A rebuild may have swapped it, and what the old row said must not get
 * into the new one.
 */
const UPDATE = `SET XACT_ABORT ON;
DECLARE @lock INT;
BEGIN TRANSACTION;
${SHARE_TABLES}
UPDATE process_store SET ${PROCESS_COLUMNS.slice(1)
  .map((name) => `${name} = @${name}`)
  .join(
    ', ',
  )} WHERE correlation_id = @correlation_id AND version = @known AND ${TABLE_ID} = @table_id;
SELECT @@ROWCOUNT AS written;
COMMIT TRANSACTION;`;

/** process_store on SQL Server: a projection whose row was changed meanwhile reads and folds again. */
export function createMssqlProcessStore(options: {
  pool: sql.ConnectionPool;
  list: ProcessStore['list'];
  countPending: ProcessStore['countPending'];
  findUnprojected: ProcessStore['findUnprojected'];
}): ProcessStore {
  const { pool, list, countPending, findUnprojected } = options;

  async function projectOnce(
    correlationId: string,
  ): Promise<{ state: ProcessState | null } | null> {
    const { recordsets } = await requestFor(pool, correlationId).query(
      `SELECT ${TABLE_ID} AS id;\n${SELECT};\n${NEWER}`,
    );
    const [tables, rows, events] = recordsets as unknown as [
      { id: number }[],
      ProcessRow[],
      (EventRow & { id: string })[],
    ];
    const known = rows[0] ? fromProcessRow(isoTimes(rows[0])) : null;
    const newer = events.map((row) => fromEventRow(String(row.id), isoTimes(row)));
    // The row may have been updated between the two reads.
    const next = newer.filter((event) => event.version > (known?.version ?? 0));
    if (next.length === 0) return { state: known };
    if (next[0]?.version !== (known?.version ?? 0) + 1) return null;
    const state = fold(next, known);
    if (!state) return { state };
    const write = bindProcess(pool.request(), toProcessRow(state));
    if (known) {
      write.input('known', sql.Int, known.version).input('table_id', sql.Int, tables[0]?.id ?? 0);
    }
    const { recordset } = await write.query<{ written: number }>(known ? UPDATE : INSERT);
    return recordset[0]?.written === 1 ? { state } : null;
  }

  async function project(correlationId: string): Promise<ProcessState | null> {
    for (;;) {
      const done = await withRetry(() => projectOnce(correlationId));
      if (done) return done.state;
    }
  }

  return {
    async get(correlationId) {
      const [row] = await rowsOf<ProcessRow>(requestFor(pool, correlationId), SELECT);
      return row ? fromProcessRow(isoTimes(row)) : null;
    },
    project,
    async projectMany(correlationIds) {
      const states = await Promise.all(correlationIds.map(project));
      return states.filter((state) => state !== null);
    },
    countPending,
    findUnprojected,
    list,
  };
}

/** Binds every column of a row by its name. */
export function bindProcess(request: sql.Request, row: ProcessRow): sql.Request {
  for (const name of PROCESS_COLUMNS) {
    const column = PROCESS_STORE[name];
    request.input(name, sqlType(column), sqlValue(column, row[name]));
  }
  return request;
}
