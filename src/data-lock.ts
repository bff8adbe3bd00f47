import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { SetupError } from '../domain/errors.ts';

/**
 * Keeps a second service off the same data: the embedded queue and engine live in one process, and two
 * would do the work twice. The lock is SQLite's own, so the operating system gives it up when the
 * process dies, however it dies.
 *
 * @returns a function that gives the lock up
 * @throws SetupError when another service runs on the folder, or it cannot be written
 */
export function lockDataDir(directory: string): () => void {
  try {
    mkdirSync(directory, { recursive: true });
    const db = new BetterSqlite3(join(directory, 'service.lock'), { timeout: 0 });
    try {
      db.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      db.close();
      throw error;
    }
    return () => db.close();
  } catch (cause) {
    const code = (cause as { code?: string }).code;
    throw new SetupError(
      code === 'SQLITE_BUSY'
        ? `DATA_DIR: another service is running on ${directory}; stop it or choose another folder`
        : `DATA_DIR: the folder ${directory} cannot be written: ${String(cause)}`,
      { cause },
    );
  }
}
