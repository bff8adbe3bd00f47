import sql from 'mssql';
import type {
  IdentifierIndex,
  IdentifierRow,
  IdentifierSource,
} from '../../domain/identifiers/index.ts';
import { fold, type ProcessState, type StoredEvent } from '../../domain/process/index.ts';
import { type EventRow, PROCESS_COLUMNS, PROCESS_STORE, type ProcessRow } from '../sql/columns.ts';
import { fromEventRow } from '../sql/event-row.ts';
import { identifiersAsJson, sourceOf } from '../sql/identifier-rows.ts';
import { fromProcessRow, toProcessRow } from '../sql/process-row.ts';
import { sqlType, sqlValue } from './column-types.ts';
import { isoTimes } from './connection.ts';
import { insertIdentifiers } from './identifiers.ts';
import { bindTexts } from './statements.ts';
import { lockStream } from './stream-lock.ts';
import { SHARE_TABLES } from './table-lock.ts';

/**
 * Processes in one statement: each has 16 parameters at most, all their identifiers one, and the server takes 2,100. A
 * power of two.
 */
export const MAX_BATCH = 128;

const TABLE_ID = `OBJECT_ID('process_store')`;
const COLUMNS = PROCESS_COLUMNS.join(', ');

/**
 * The id of the table, the rows of the given processes, and the events that are newer than their rows. The ids are
 * joined as rows of parameters, so each is a seek in the index on the streams. The table's id comes first: rows may
 * be newer than it, and are then refused, but never older.
 */
function readStatement(ids: string): string {
  const given = ids.replaceAll(/@\w+/g, '($&)');
  return `SELECT ${TABLE_ID} AS id;
SELECT ${COLUMNS} FROM process_store WHERE correlation_id IN (${ids});
SELECT e.* FROM (VALUES ${given}) AS given (id)
  LEFT JOIN process_store AS p ON p.correlation_id = given.id
  JOIN event_log AS e ON e.correlation_id = given.id AND e.version > ISNULL(p.version, 0)
ORDER BY e.correlation_id, e.version`;
}

/**
 * Writes the rows whose process has not changed meanwhile, and returns their ids.
 *
 * A new row is inserted under the lock of its stream, and only while the stream is live: another projector may have
 * been faster, and the archive run as well; there would then be a second row beside the archived one. A known row is
 * updated only in the table from which it was read: a rebuild may have swapped it, and what the old row said must not
 * get into the new one. The locks of streams are taken in the order of the ids, as the archive run does, and before
 * that of the tables. Two updates of the same rows may still be a deadlock, whose victim is run again. `OUTPUT` needs
 * a table without triggers, which a rebuild would not keep either.
 *
 * @param locks how many streams are locked: those of new rows
 * @param rows how many rows have parameters
 * @param identifiers whether new rows have identifiers, which never change afterwards
 */
function writeStatement(locks: number, rows: number, identifiers: boolean): string {
  const values = Array.from(
    { length: rows },
    (_, at) => `(@known${at}, ${PROCESS_COLUMNS.map((name) => `@${name}${at}`).join(', ')})`,
  );
  const given = `(VALUES ${values.join(', ')}) AS given (known, ${COLUMNS})`;
  const insert = `INSERT INTO process_store (${COLUMNS}) OUTPUT inserted.correlation_id
  SELECT ${PROCESS_COLUMNS.map((name) => `given.${name}`).join(', ')} FROM ${given} WHERE given.known = 0
    AND EXISTS (SELECT 1 FROM event_log AS e WHERE e.correlation_id = given.correlation_id AND e.version = given.version)
    AND NOT EXISTS (SELECT 1 FROM process_store AS p WHERE p.correlation_id = given.correlation_id);`;
  const update = `UPDATE process_store SET ${PROCESS_COLUMNS.slice(1)
    .map((name) => `${name} = given.${name}`)
    .join(', ')} OUTPUT inserted.correlation_id
  FROM ${given} WHERE process_store.correlation_id = given.correlation_id AND process_store.version = given.known
    AND ${TABLE_ID} = @table_id;`;
  return `SET XACT_ABORT ON;
DECLARE @lock INT;
BEGIN TRANSACTION;
${Array.from({ length: locks }, (_, at) => lockStream(`@stream${at}`)).join('\n')}
${SHARE_TABLES}
${locks > 0 ? insert : ''}
${identifiers ? insertIdentifiers('process_identifier', 'process_store') : ''}
${update}
COMMIT TRANSACTION;`;
}

/** A process whose row is behind its stream. */
interface Change {
  /** The version of its row; 0 without one. */
  known: number;
  state: ProcessState;
  /** Of a process without a row. */
  source: IdentifierSource | null;
}

/**
 * Brings the rows of processes up to their streams, in two round trips: reads, folds, and writes with compare-and-set
 * on the versions.
 *
 * @param ids sorted, without repetition, `MAX_BATCH` at most
 * @returns the states as stored now of processes with events, and the ids of those that changed meanwhile
 */
export async function projectBatch(
  pool: Pick<sql.ConnectionPool, 'request'>,
  index: IdentifierIndex,
  ids: readonly string[],
): Promise<{ states: ProcessState[]; changed: string[] }> {
  const request = pool.request();
  // No stream has an empty id.
  const names = bindTexts(request, 'stream', padded(ids, ''));
  const { recordsets } = await request.query(readStatement(names));
  const [tables, rows, events] = recordsets as unknown as [
    { id: number }[],
    ProcessRow[],
    (EventRow & { id: string })[],
  ];
  const known = new Map(rows.map((row) => [row.correlation_id, fromProcessRow(isoTimes(row))]));
  const newer = new Map<string, StoredEvent[]>();
  for (const row of events) {
    const event = fromEventRow(String(row.id), isoTimes(row));
    const stream = newer.get(event.correlationId);
    if (stream) stream.push(event);
    else newer.set(event.correlationId, [event]);
  }
  const states: ProcessState[] = [];
  const changed: string[] = [];
  const changes: Change[] = [];
  for (const id of ids) {
    const row = known.get(id) ?? null;
    const version = row?.version ?? 0;
    // The row may have been updated between the reads.
    const next = (newer.get(id) ?? []).filter((event) => event.version > version);
    if (next.length === 0) {
      if (row) states.push(row);
    } else if (next[0]?.version === version + 1) {
      const state = fold(next, row);
      const source = version === 0 && next[0] ? sourceOf(next[0]) : null;
      if (state) changes.push({ known: version, state, source });
    } else {
      changed.push(id);
    }
  }
  const identifiers = await identifiersOf(index, changes);
  const written = await writeChanges(pool, changes, identifiers, tables[0]?.id ?? 0);
  for (const { state } of changes) {
    if (written.has(state.correlationId)) states.push(state);
    else changed.push(state.correlationId);
  }
  return { states, changed: changed.sort() };
}

/** The identifiers of new processes; without personal ones nothing is read for them. */
async function identifiersOf(
  index: IdentifierIndex,
  changes: readonly Change[],
): Promise<IdentifierRow[]> {
  const sources = changes.flatMap(({ source }) => (source?.identifiers ? source : []));
  if (sources.length === 0) return [];
  const processes = await index.rowsOf(sources);
  return [...processes.values()].flatMap(({ rows }) => rows);
}

/** @returns the ids of the processes whose rows were written */
async function writeChanges(
  pool: Pick<sql.ConnectionPool, 'request'>,
  changes: readonly Change[],
  identifiers: readonly IdentifierRow[],
  tableId: number,
): Promise<ReadonlySet<string>> {
  if (changes.length === 0) return new Set();
  const request = pool.request().input('table_id', sql.Int, tableId);
  const created = changes.filter(({ known }) => known === 0);
  // The lock of the last stream may be taken several times.
  const locked = padded(
    created.map(({ state }) => state.correlationId),
    created.at(-1)?.state.correlationId,
  );
  bindTexts(request, 'stream', locked);
  const rows = padded<Change | null>(changes, null);
  for (const [at, change] of rows.entries()) {
    request.input(`known${at}`, sql.Int, change?.known ?? null);
    bindProcess(request, change && toProcessRow(change.state), String(at));
  }
  const hasIdentifiers = identifiers.length > 0;
  if (hasIdentifiers) {
    request.input('identifiers', sql.NVarChar(sql.MAX), identifiersAsJson(identifiers));
  }
  const { recordsets } = await request.query(
    writeStatement(locked.length, rows.length, hasIdentifiers),
  );
  const ids = (recordsets as unknown as { correlation_id: string }[][]).flat();
  return new Set(ids.map(({ correlation_id }) => correlation_id));
}

/**
 * A list with a filler up to a power of two: the server keeps a plan for each text of a statement, and so keeps few
 * instead of one for each size of a batch.
 */
function padded<T>(list: readonly T[], filler: T | undefined): T[] {
  if (filler === undefined || list.length === 0) return [...list];
  const missing = 2 ** Math.ceil(Math.log2(list.length)) - list.length;
  return [...list, ...Array.from({ length: missing }, () => filler)];
}

/** Binds every column of a row, or NULL for it, by its name, followed by `suffix`. */
export function bindProcess(
  request: sql.Request,
  row: ProcessRow | null,
  suffix = '',
): sql.Request {
  for (const name of PROCESS_COLUMNS) {
    const column = PROCESS_STORE[name];
    request.input(`${name}${suffix}`, sqlType(column), row && sqlValue(column, row[name]));
  }
  return request;
}
