import knex, { type Knex } from 'knex';
import type { Database, DatabaseOptions } from '../database.ts';
import { createListProcesses } from '../list-processes.ts';
import { migrateUp } from '../migrate.ts';
import type { ProcessRow } from '../process-row.ts';
import { createSqliteEventStore } from './event-store.ts';
import { createGroupCommit } from './group-commit.ts';
import { openSqlite } from './open.ts';
import { createSqliteOutbox } from './outbox.ts';
import { createSqliteProcessStore } from './process-store.ts';

/** Knex for what is cold: migrations and lists. */
export function sqliteKnexConfig(file: string): Knex.Config {
  return { client: 'better-sqlite3', connection: { filename: file }, useNullAsDefault: true };
}

/** Opens the embedded database and brings its schema up to date. */
export async function openSqliteDatabase(
  options: DatabaseOptions & { file: string },
): Promise<Database> {
  const { file, clock, leaseMs, onAppended } = options;
  const db = openSqlite(file);
  const cold = knex(sqliteKnexConfig(file));
  try {
    await migrateUp(cold);
  } catch (error) {
    await cold.destroy();
    db.close();
    throw error;
  }
  const groupCommit = createGroupCommit(db);
  const list = createListProcesses(cold, {
    key: (value) => value,
    time: (value) => value,
    row: (raw) => raw as ProcessRow,
  });
  const alive = db.prepare('SELECT 1');
  return {
    kind: 'sqlite',
    eventStore: createSqliteEventStore({ db, groupCommit, clock, leaseMs, onAppended }),
    outbox: createSqliteOutbox({ db, groupCommit, clock }),
    processStore: createSqliteProcessStore({ db, groupCommit, list }),
    knex: cold,
    async ping() {
      alive.get();
    },
    async close() {
      // One more turn, so that writes that were asked for are committed.
      await groupCommit.write(() => undefined);
      await cold.destroy();
      db.close();
    },
  };
}
