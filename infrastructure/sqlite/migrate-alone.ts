import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { isBusy, lockFile } from './file-lock.ts';

/** Milliseconds that the migrations of another process may take. */
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 20;

/**
 * Does `work` while no other process migrates the same SQLite file: several may start at once, and Knex
 * makes its own tables before it takes its own lock. On other databases it just does it.
 */
export async function migrateAlone<T>(knex: Knex, work: () => Promise<T>): Promise<T> {
  const { client, connection } = knex.client.config as Knex.Config;
  if (client !== 'better-sqlite3') return work();
  const { filename } = connection as Knex.BetterSqlite3ConnectionConfig;
  const unlock = await take(`${filename}.migrating`);
  try {
    return await work();
  } finally {
    unlock();
  }
}

async function take(path: string): Promise<() => void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return lockFile(path, 'exclusive', 0);
    } catch (error) {
      if (!isBusy(error) || Date.now() > deadline) throw error;
    }
    await sleep(LOOK_EVERY_MS);
  }
}
