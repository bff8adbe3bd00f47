import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import BetterSqlite3 from 'better-sqlite3';
import { isBusy } from './file-lock.ts';
import { makeFolder } from './make-folder.ts';

/**
 * Pages of 4 KB in the write-ahead log before a checkpoint, which syncs both files. SQLite's own 1,000 make many more
 * checkpoints; the log may reach 40 MB.
 */
const CHECKPOINT_PAGES = 10_000;
/**
 * The time for which statements wait for another process, with the event loop blocked: acceptable at a start. Group
 * commit lowers it.
 */
const OPEN_TIMEOUT_MS = 5_000;

/**
 * Opens the database file, and creates it and its folder. WAL lets readers and the writer work at the same time.
 *
 * @param durability `synced`: a commit survives a power cut. `ordered`: it survives the death of the
 *   process; after a power cut it may be missing, together with all that was committed after it, for the
 *   log is read up to its first gap (https://sqlite.org/pragma.html#pragma_synchronous)
 */
export function openSqlite(
  file: string,
  durability: 'synced' | 'ordered' = 'synced',
): BetterSqlite3.Database {
  makeFolder(dirname(file));
  const db = new BetterSqlite3(file, { timeout: OPEN_TIMEOUT_MS });
  try {
    useWriteAheadLog(db);
  } catch (error) {
    db.close();
    throw error;
  }
  db.pragma(`synchronous = ${durability === 'synced' ? 'FULL' : 'NORMAL'}`);
  db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  // Pages are read from the map instead of copied: a look-up in a stream costs no system call.
  db.pragma('mmap_size = 268435456');
  return db;
}

/** The time for which readers of older pages may keep the write-ahead log from being emptied. */
const EMPTY_TIMEOUT_MS = 10_000;
const EMPTY_INTERVAL_MS = 50;

/**
 * Copies the write-ahead log to the file and truncates it: until then it has older versions of pages
 * (https://sqlite.org/pragma.html#pragma_wal_checkpoint).
 *
 * @returns false when readers prevented it
 */
export async function emptyLog(db: BetterSqlite3.Database): Promise<boolean> {
  const deadline = performance.now() + EMPTY_TIMEOUT_MS;
  for (;;) {
    const [row] = db.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
    if (row?.busy === 0) return true;
    if (performance.now() > deadline) return false;
    await sleep(EMPTY_INTERVAL_MS);
  }
}

/**
 * Two processes that open a new file at once both switch to the write-ahead log. SQLite lets one of them fail at once,
 * whatever its time-out, because waiting with a read lock could be a deadlock.
 */
function useWriteAheadLog(db: BetterSqlite3.Database): void {
  const deadline = Date.now() + OPEN_TIMEOUT_MS;
  for (;;) {
    try {
      db.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      if (!isBusy(error) || Date.now() > deadline) throw error;
    }
    // Nothing else runs yet that this could block.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  }
}
