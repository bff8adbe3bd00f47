import { parentPort, workerData } from 'node:worker_threads';
import BetterSqlite3 from 'better-sqlite3';
import { createRowTaker, type RowTaker } from '../sql/bounded-rows.ts';

/** A statement with its values. */
export interface ReadQuestion {
  sql: string;
  bound: readonly unknown[];
  /** The row with which they reach these bytes is the last one. */
  maxBytes: number;
}

/** Rows as lists: column names in every row would be most of the message. */
export type ReadAnswer =
  | (Omit<RowTaker<unknown[]>, 'take'> & { columns: string[] })
  | { error: string };

/** The first message of a thread: it has opened the file. */
export type Opened = 'opened';

/** Pages are read from the map instead of copied. */
const MAPPED_BYTES = 268_435_456;

/** Runs one statement after the other on a read-only connection. */
const { file } = workerData as { file: string };
const db = new BetterSqlite3(file, { readonly: true });
db.pragma(`mmap_size = ${MAPPED_BYTES}`);
const prepared = new Map<string, BetterSqlite3.Statement<unknown[], unknown[]>>();
/** Prepared statements that are cached; their texts depend on the filters of the callers. */
const MAX_PREPARED = 100;

parentPort?.postMessage('opened' satisfies Opened);
parentPort?.on('message', (question: ReadQuestion) => {
  parentPort?.postMessage(answer(question));
});

function answer({ sql, bound, maxBytes }: ReadQuestion): ReadAnswer {
  try {
    const statement = prepare(sql);
    const taker = createRowTaker<unknown[]>(maxBytes);
    for (const row of statement.iterate(...bound)) if (!taker.take(row, row)) break;
    const { rows, bytes, isCut } = taker;
    return { columns: statement.columns().map(({ name }) => name), rows, bytes, isCut };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function prepare(sql: string): BetterSqlite3.Statement<unknown[], unknown[]> {
  let statement = prepared.get(sql);
  if (!statement) {
    if (prepared.size >= MAX_PREPARED) prepared.clear();
    statement = db.prepare<unknown[], unknown[]>(sql).raw();
    prepared.set(sql, statement);
  }
  return statement;
}
