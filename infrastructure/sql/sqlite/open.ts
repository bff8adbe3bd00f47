import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';

/** Pages in the write-ahead log, of 4 KB, before they go to the database file: a sync of both. */
const CHECKPOINT_PAGES = 10_000;

/**
 * Opens the database file, creating it and its folder. WAL lets readers go on beside the writer.
 *
 * @param durability `synced`: a commit survives a power cut. `ordered`: it survives the death of the
 *   process; after a power cut it may be missing, together with all that was committed after it, for the
 *   log is read up to its first gap (https://sqlite.org/pragma.html#pragma_synchronous)
 */
export function openSqlite(
  file: string,
  durability: 'synced' | 'ordered' = 'synced',
): BetterSqlite3.Database {
  mkdirSync(dirname(file), { recursive: true });
  const db = new BetterSqlite3(file);
  db.pragma('journal_mode = WAL');
  db.pragma(`synchronous = ${durability === 'synced' ? 'FULL' : 'NORMAL'}`);
  db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  db.pragma('busy_timeout = 5000');
  // Pages are read from the map instead of copied: a look-up in a stream costs no system call.
  db.pragma('mmap_size = 268435456');
  return db;
}
