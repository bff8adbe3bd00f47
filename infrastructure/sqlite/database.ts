import knex, { type Knex } from 'knex';
import { createAnalytics } from '../sql/analytics.ts';
import { type ApiKeyRow, createApiKeyStore } from '../sql/api-keys.ts';
import { createPreview } from '../sql/archive-preview.ts';
import { createArchivedRows } from '../sql/archived-rows.ts';
import { createRowTaker } from '../sql/bounded-rows.ts';
import type { Database, DatabaseOptions } from '../sql/database.ts';
import { createEventFeed, createFeedRows } from '../sql/feed-rows.ts';
import { createCountPending, createListProcesses, type ListedRow } from '../sql/list-processes.ts';
import { createRollupCheck } from '../sql/rollup-check.ts';
import { createRollupSource } from '../sql/rollup-source.ts';
import { createStuckProcesses } from '../sql/stuck-processes.ts';
import { sqliteAnalytics } from './analytics.ts';
import { createSqliteArchive } from './archive.ts';
import { createArchiveMover } from './archive-mover.ts';
import { createSqliteEventStore } from './event-store.ts';
import { createSqliteFeedSource } from './feed-source.ts';
import { createGroupCommit } from './group-commit.ts';
import { createSqliteMaintenanceLock } from './maintenance-lock.ts';
import { ensureSchema } from './migrate.ts';
import { openSqlite } from './open.ts';
import { createSqliteOutbox } from './outbox.ts';
import { createSqliteProcessKeys } from './process-keys.ts';
import { createSqliteProcessStore } from './process-store.ts';
import { createSqliteRemove } from './purge.ts';
import { createSqliteReadQueries } from './read-queries.ts';
import { createSqliteRebuildStore } from './rebuild-store.ts';
import { createSqliteRollupStore } from './rollups.ts';
import { createSqliteVerification } from './verification.ts';

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
  // What can be made again from the events, and the notes of what was published, need no sync of their
  // own. They lie behind their events in the log: a power cut takes them first, and they are done again.
  const unsynced = openSqlite(file, 'ordered');
  const cold = knex(sqliteKnexConfig(file));
  try {
    await ensureSchema(cold, file);
  } catch (error) {
    await cold.destroy();
    unsynced.close();
    db.close();
    throw error;
  }
  const groupCommit = createGroupCommit(db);
  const unsyncedCommit = createGroupCommit(unsynced);
  const list = createListProcesses(cold, {
    key: (value) => value,
    time: (value) => value,
    upTo: async (query, maxBytes) => {
      const { sql, bindings } = query.toSQL().toNative();
      const taker = createRowTaker<ListedRow>(maxBytes);
      const rows = unsynced.prepare<unknown[], ListedRow>(sql).iterate(...bindings);
      for (const row of rows) if (!taker.take(row, Object.values(row))) break;
      return taker;
    },
    noTime: 'NULL',
  });
  const countPending = createCountPending(cold, { key: (value) => value });
  const processKeys = createSqliteProcessKeys({ file, db, groupCommit, clock });
  const mover = createArchiveMover(file, clock);
  const archivedRows = createArchivedRows(cold, { key: (value) => value, time: (value) => value });
  const reads = createSqliteReadQueries(file, cold);
  const feedSource = createSqliteFeedSource(reads);
  const feedRows = createFeedRows(reads, feedSource);
  const alive = db.prepare('SELECT 1');
  const recordUse = unsynced.prepare('UPDATE api_key SET last_used_at = ? WHERE id = ?');
  return {
    kind: 'sqlite',
    eventStore: createSqliteEventStore({ db, groupCommit, clock, leaseMs, onAppended }),
    eventFeed: createEventFeed(feedRows),
    feedRows,
    rollups: createSqliteRollupStore(unsynced, unsyncedCommit),
    stuckProcesses: createStuckProcesses({ reads, clock }),
    rollupSource: createRollupSource(feedRows, reads),
    rollupCheck: createRollupCheck(reads, feedSource),
    outbox: createSqliteOutbox({ db: unsynced, groupCommit: unsyncedCommit, clock }),
    processStore: createSqliteProcessStore({
      db: unsynced,
      groupCommit: unsyncedCommit,
      list,
      countPending,
    }),
    apiKeys: {
      ...createApiKeyStore(cold, {
        key: (value) => value,
        time: (value) => value,
        row: (raw) => raw as ApiKeyRow,
        // A statement that writes is alone, and waits for nothing but the file.
        alone: (statement) => statement,
        retried: (run) => run(),
      }),
      // The one write that a running service makes: it waits with the others for its turn.
      recordUse: (id, at) => unsyncedCommit.write(() => void recordUse.run(at, id)),
    },
    archive: createSqliteArchive({
      db,
      groupCommit,
      clock,
      moveBatch: mover.moveBatch,
      ...createPreview(cold, {
        time: (value) => value,
        bytes: (column) => `OCTET_LENGTH(${column})`,
      }),
    }),
    processKeys,
    purge: { ...archivedRows, remove: createSqliteRemove(db, groupCommit) },
    archivedRows,
    maintenanceLock: createSqliteMaintenanceLock(file),
    verification: createSqliteVerification({
      db: unsynced,
      groupCommit: unsyncedCommit,
      clock,
    }),
    openRebuild: async () => createSqliteRebuildStore(file),
    reads,
    analytics: createAnalytics({ reads, dialect: sqliteAnalytics, head: feedRows.head, clock }),
    knex: cold,
    async ping() {
      alive.get();
    },
    async close() {
      await mover.close();
      await reads.close();
      // One more turn, so that writes that were asked for are committed.
      await Promise.allSettled(
        [groupCommit, unsyncedCommit].map((group) => group.write(() => undefined)),
      );
      await cold.destroy();
      processKeys.close();
      unsynced.close();
      db.close();
    },
  };
}
