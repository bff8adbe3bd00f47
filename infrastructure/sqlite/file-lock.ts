import BetterSqlite3 from 'better-sqlite3';

/** `exclusive` keeps out all others, `shared` only those that want the lock exclusively. */
export type LockMode = 'exclusive' | 'shared';

/**
 * Takes a lock on a file, which is created if it does not exist. The lock is SQLite's own
 * (https://sqlite.org/lockingv3.html), so the operating system releases it when the process dies, however it dies.
 *
 * @param waitMs milliseconds to wait for others, with the event loop blocked
 * @returns a function that releases the lock
 * @throws SqliteError with the code SQLITE_BUSY when others have it
 */
export function lockFile(path: string, mode: LockMode, waitMs: number): () => void {
  const db = new BetterSqlite3(path, { timeout: waitMs });
  try {
    db.exec(mode === 'exclusive' ? 'BEGIN EXCLUSIVE' : 'BEGIN');
    // A plain transaction locks nothing until it reads.
    if (mode === 'shared') db.prepare('SELECT COUNT(*) FROM sqlite_master').get();
  } catch (error) {
    db.close();
    throw error;
  }
  return () => db.close();
}

/** True for the error of a lock that others have. */
export function isBusy(error: unknown): boolean {
  return error instanceof BetterSqlite3.SqliteError && error.code.startsWith('SQLITE_BUSY');
}
