import { setTimeout as sleep } from 'node:timers/promises';
import type BetterSqlite3 from 'better-sqlite3';
import { PARTITIONS } from '../../domain/archive/index.ts';
import { StoreUnavailableError } from '../../domain/common/index.ts';
import type { IdentifierIndex } from '../../domain/identifiers/index.ts';
import type { RebuildStore } from '../../domain/projection/index.ts';
import { MOVES } from '../sql/checkpoints.ts';
import { encodeFilter } from '../sql/process-name.ts';
import { REBUILT, shadowOf, TABLES } from '../sql/process-tables.ts';
import { isBusy } from './file-lock.ts';
import { openSqlite } from './open.ts';
import { createRebuildTables } from './rebuild-tables.ts';
import { copyDefinition, emptyAndDrop, swapTables, tableExists } from './shadow-tables.ts';
import { openWalSize } from './wal-size.ts';

/** The time for which a transaction waits while other processes have the file. */
const BEGIN_TIMEOUT_MS = 60_000;
const MAX_DELAY_MS = 5;
/** Pages in the write-ahead log, of 4 KB, at which they are copied to the file. */
const CHECKPOINT_PAGES = 2_000;

/**
 * The tables of a SQLite file for a rebuild, on a connection of its own: its transactions take several turns of the
 * event loop. What it writes can be computed again, so its commits are not synced.
 */
export function createSqliteRebuildStore(
  file: string,
  identifierIndex: IdentifierIndex,
): RebuildStore {
  const db = openSqlite(file, 'ordered');
  db.pragma('busy_timeout = 0');
  // Moves of hashed identifiers within their pages leave no copy.
  db.pragma('secure_delete = FAST');
  // The log is copied here, where nothing waits for it, before a commit of a service would have to do it.
  db.pragma('wal_autocheckpoint = 0');
  const walSize = openWalSize(file);
  // Every page of the file is read once: a memory map would only keep them in the memory of this process.
  db.pragma('mmap_size = 0');
  // Views and triggers keep the names of the tables
  // (https://sqlite.org/pragma.html#pragma_legacy_alter_table).
  db.pragma('legacy_alter_table = ON');
  const tables = createRebuildTables(db, identifierIndex);
  const beginMoves = db.prepare(
    `INSERT INTO checkpoint (name, data, updated_at) VALUES (?, '0', ?) ON CONFLICT DO NOTHING`,
  );

  async function transaction<T>(work: () => Promise<T>): Promise<T> {
    await beginImmediate(db);
    try {
      const result = await work();
      db.exec('COMMIT');
      if (walSize.pages() >= CHECKPOINT_PAGES) db.pragma('wal_checkpoint(PASSIVE)');
      return result;
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }

  return {
    ...tables,
    // Outside of a transaction, every write needs one of its own.
    saveCheckpoint: (text, run) => transaction(() => tables.saveCheckpoint(text, run)),
    deleteCheckpoint: () => transaction(tables.deleteCheckpoint),
    transaction: (work) => transaction(() => work(tables)),
    // SQLite has one writer at a time.
    exclusively: (work) => transaction(() => work({ ...tables, swap: async () => swapTables(db) })),
    hasShadows: async () => REBUILT.every((table) => tableExists(db, shadowOf(table))),
    createShadows: () =>
      transaction(async () => {
        beginMoves.run(MOVES, new Date().toISOString());
        for (const table of REBUILT) copyDefinition(db, table, shadowOf(table));
      }),
    drop: (which, signal) =>
      emptyAndDrop(db, which, (work) => transaction(async () => work()), signal),
    async hasProcess(processKey) {
      const named = Object.values(TABLES).flatMap(({ events, rows }) => [rows, events]);
      return named.some((table) =>
        db
          .prepare(`SELECT 1 FROM ${table} WHERE process_name = ? LIMIT 1`)
          .get(encodeFilter(processKey)),
      );
    },
    async countEvents() {
      const counts = PARTITIONS.map((partition) =>
        db.prepare<[], number>(`SELECT COUNT(*) FROM ${TABLES[partition].events}`).pluck().get(),
      );
      return counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
    },
    // One writer at a time: ids are committed in their order.
    async highWater() {
      const last = PARTITIONS.map((partition) =>
        db.prepare<[], number>(`SELECT MAX(id) FROM ${TABLES[partition].events}`).pluck().get(),
      );
      return Math.max(...last.map((id) => id ?? 0));
    },
    async close() {
      walSize.close();
      db.close();
    },
  };
}

/** @throws StoreUnavailableError when other processes keep the file for too long */
async function beginImmediate(db: BetterSqlite3.Database): Promise<void> {
  const deadline = performance.now() + BEGIN_TIMEOUT_MS;
  for (;;) {
    try {
      db.exec('BEGIN IMMEDIATE');
      return;
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() > deadline) {
        throw new StoreUnavailableError('another process keeps the database locked', {
          cause: error,
        });
      }
    }
    await sleep(1 + Math.random() * MAX_DELAY_MS);
  }
}
