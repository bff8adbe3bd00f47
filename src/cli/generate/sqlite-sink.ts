import { closeSync, fsyncSync, openSync } from 'node:fs';
import BetterSqlite3 from 'better-sqlite3';
import { SetupError } from '../../../domain/common/index.ts';
import {
  EVENT_COLUMNS,
  IDENTIFIER_COLUMNS,
  PROCESS_COLUMNS,
} from '../../../infrastructure/sql/columns.ts';
import { isBusy } from '../../../infrastructure/sqlite/file-lock.ts';
import { openSqlite } from '../../../infrastructure/sqlite/open.ts';
import type { Values } from './batches.ts';
import { alreadyThere, type Sink } from './sink.ts';

/** Kibibytes of pages in memory: the indexes that are written to at random should fit. */
const CACHE_KIB = 1 << 19;

/**
 * A database file with the schema in it. One that is empty and that nobody else has open is filled in a
 * single transaction with a rollback journal: its new pages are written once, without a sync, and a run
 * that is killed leaves it empty. Any other is filled beside those who use it, a batch a transaction.
 */
export function openSqliteSink(file: string, seed: number): Sink {
  const db = openSqlite(file);
  db.pragma(`cache_size = ${-CACHE_KIB}`);
  const alone = isEmpty(db) && takeAlone(db);
  if (alone) {
    db.pragma('synchronous = OFF');
    db.exec('BEGIN EXCLUSIVE');
  }
  const eventColumns = ['id', ...EVENT_COLUMNS];
  const liveEvent = insert(db, 'event_log', eventColumns);
  const archivedEvent = insert(db, 'event_log_archive', [...eventColumns, 'archived_at']);
  const liveProcess = insert(db, 'process_store', PROCESS_COLUMNS);
  const archivedProcess = insert(db, 'process_store_archive', [...PROCESS_COLUMNS, 'archived_at']);
  const liveIdentifier = insert(db, 'process_identifier', IDENTIFIER_COLUMNS);
  const archivedIdentifier = insert(db, 'process_identifier_archive', IDENTIFIER_COLUMNS);

  function writeAll(
    rows: readonly Values[],
    live: BetterSqlite3.Statement,
    archived: BetterSqlite3.Statement,
  ): void {
    for (const row of rows) {
      if (row.at(-1) === null) live.run(row.slice(0, -1));
      else archived.run(row);
    }
  }

  /** @returns the last id that was given before */
  function takeIds(count: number): number {
    const { last } = db
      .prepare(
        `SELECT MAX(
           COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'event_log'), 0),
           COALESCE((SELECT MAX(id) FROM event_log_archive), 0)
         ) AS last`,
      )
      .get() as { last: number };
    // The table has no unique index to upsert by.
    db.prepare("DELETE FROM sqlite_sequence WHERE name = 'event_log'").run();
    db.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES ('event_log', ?)").run(last + count);
    return last;
  }

  /** Beside others an id is given in the transaction that writes it: ids are the order of the commits. */
  function withOwnIds(events: readonly Values[]): Values[] {
    const last = takeIds(events.length);
    return events.map(([, ...row], at) => [last + 1 + at, ...row]);
  }

  return {
    async reserveIds() {
      const take = db.transaction(() => takeIds(0) + 1);
      return alone ? take() : take.immediate();
    },
    async write({ events, processes, identifiers }) {
      const write = db.transaction(() => {
        writeAll(alone ? events : withOwnIds(events), liveEvent, archivedEvent);
        writeAll(processes, liveProcess, archivedProcess);
        for (const row of identifiers) {
          (row.at(-1) === null ? liveIdentifier : archivedIdentifier).run(row.slice(0, -1));
        }
      });
      try {
        if (alone) write();
        else write.immediate();
      } catch (error) {
        throw isRepeat(error) ? new SetupError(alreadyThere(seed), { cause: error }) : error;
      }
    },
    async close() {
      if (alone) {
        takeIds(0);
        db.exec('COMMIT');
        db.pragma('synchronous = FULL');
        db.pragma('locking_mode = NORMAL');
        db.pragma('journal_mode = WAL');
      }
      db.close();
      if (alone) sync(file);
    },
  };
}

function isEmpty(db: BetterSqlite3.Database): boolean {
  return ['event_log', 'event_log_archive', 'process_store', 'process_store_archive'].every(
    (table) => db.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get() === undefined,
  );
}

/** Leaves the write-ahead log, which is possible only when nobody else has the file open. */
function takeAlone(db: BetterSqlite3.Database): boolean {
  db.pragma('busy_timeout = 0');
  try {
    return db.pragma('journal_mode = TRUNCATE', { simple: true }) === 'truncate';
  } catch (error) {
    if (!isBusy(error)) throw error;
    return false;
  } finally {
    db.pragma('busy_timeout = 60000');
  }
}

function insert(
  db: BetterSqlite3.Database,
  table: string,
  columns: readonly string[],
): BetterSqlite3.Statement {
  const values = columns.map(() => '?').join(', ');
  return db.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${values})`);
}

function isRepeat(error: unknown): boolean {
  return error instanceof BetterSqlite3.SqliteError && error.code.startsWith('SQLITE_CONSTRAINT');
}

function sync(file: string): void {
  const descriptor = openSync(file, 'r+');
  fsyncSync(descriptor);
  closeSync(descriptor);
}
