import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { SetupError } from '../../domain/common/index.ts';
import { SCHEMA_VERSION } from '../../migrations/index.ts';
import { checkSchema, migrateUp, schemaVersion } from '../../migrations/migrate.ts';
import { isBusy, lockFile } from './file-lock.ts';

/** The longest time that the migrations of another process may take. */
const LOCK_TIMEOUT_MS = 60_000;
const LOCK_INTERVAL_MS = 20;

/**
 * Does `work` while no other process migrates the same SQLite file: several may start at once, and Knex
 * makes its own tables before it takes its own lock.
 */
export async function withMigrationLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const unlock = await lock(`${file}.migrating`);
  try {
    return await work();
  } finally {
    unlock();
  }
}

async function lock(path: string): Promise<() => void> {
  const deadline = Date.now() + LOCK_TIMEOUT_MS;
  for (;;) {
    try {
      return lockFile(path, 'exclusive', 0);
    } catch (error) {
      if (!isBusy(error) || Date.now() > deadline) throw error;
    }
    await sleep(LOCK_INTERVAL_MS);
  }
}

/**
 * Brings a schema up to date unless it is. A current one is only read: Knex writes its lock to find out, and
 * would wait for the process that has the file, or fail.
 *
 * @throws SetupError when the schema is of a newer release, or another process keeps the database from being migrated
 */
export async function ensureSchema(knex: Knex, file: string): Promise<void> {
  if ((await schemaVersion(knex)) < SCHEMA_VERSION) {
    await withMigrationLock(file, () => migrateUp(knex)).catch((cause: unknown) => {
      if ((cause as Error | null)?.name !== 'MigrationLocked') throw cause;
      throw new SetupError(
        'the schema of the database could not be brought up to date, for another process is writing; try again',
        { cause },
      );
    });
  }
  await checkSchema(knex);
}
