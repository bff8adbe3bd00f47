import BetterSqlite3 from 'better-sqlite3';

/** `exclusive` keeps out everybody, `shared` those who want the lock exclusively. */
export type LockMode = 'exclusive' | 'shared';

/**
 * Takes a lock on a file, which is made when it is not there. The lock is SQLite's own
 * (https://sqlite.org/lockingv3.html), so the operating system gives it up when the process dies, however
 * it dies.
 *
 * @param waitMs milliseconds to wait for others, with the event loop held up
 * @returns a function that gives the lock up
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

/** True for the error of one who did not get a lock. */
export function isBusy(error: unknown): boolean {
  return error instanceof BetterSqlite3.SqliteError && error.code.startsWith('SQLITE_BUSY');
}
