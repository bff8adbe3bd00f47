import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';

/**
 * Opens the database file, creating it and its folder. WAL lets readers go on beside the writer;
 * `synchronous=FULL` makes a commit survive a power cut (https://sqlite.org/pragma.html#pragma_synchronous).
 */
export function openSqlite(file: string): BetterSqlite3.Database {
  mkdirSync(dirname(file), { recursive: true });
  const db = new BetterSqlite3(file);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma('busy_timeout = 5000');
  // Pages are read from the map instead of copied: a look-up in a stream costs no system call.
  db.pragma('mmap_size = 268435456');
  return db;
}
