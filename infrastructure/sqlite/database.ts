import type BetterSqlite3 from 'better-sqlite3';
import createKnex, { type Knex } from 'knex';
import { createIdentifierIndex } from '../../domain/personal-data/index.ts';
import { createAnalytics } from '../sql/analytics.ts';
import { type ApiKeyRow, createApiKeyStore } from '../sql/api-keys.ts';
import { createPreview } from '../sql/archive-preview.ts';
import { createArchivedRows } from '../sql/archived-rows.ts';
import { type AuditRow, createAuditLog } from '../sql/audit-log.ts';
import { type BoundedRows, createRowTaker } from '../sql/bounded-rows.ts';
import { type BulkRunRow, createBulkStore } from '../sql/bulk-store.ts';
import type { CallbackDialect } from '../sql/callback-dialect.ts';
import { createCallbackSource } from '../sql/callback-source.ts';
import type { Database, DatabaseOptions } from '../sql/database.ts';
import { createDeliveryStore } from '../sql/delivery-store.ts';
import { createDueProcesses } from '../sql/due-processes.ts';
import { createEventFeed, createFeedRows } from '../sql/feed-rows.ts';
import { createFeedSearch } from '../sql/feed-search.ts';
import { createFindUnprojected, createFindUnprojectedEvents } from '../sql/find-unprojected.ts';
import { createCountPending, createListProcesses, type ListedRow } from '../sql/list-processes.ts';
import { createRollupCheck } from '../sql/rollup-check.ts';
import { createRollupSource } from '../sql/rollup-source.ts';
import type { SearchDialect } from '../sql/search-conditions.ts';
import { createStuckProcesses } from '../sql/stuck-processes.ts';
import { createSubscriptionStore } from '../sql/subscription-store.ts';
import { sqliteAnalytics } from './analytics.ts';
import { createArchiveMover } from './archive-mover.ts';
import { createSqliteEventStore } from './event-store.ts';
import { createSqliteFeedSource, sqliteJsonText } from './feed-source.ts';
import { createGroupCommits, type GroupCommits } from './group-commit.ts';
import { createSqliteMaintenanceLock } from './maintenance-lock.ts';
import { ensureSchema } from './migrate.ts';
import { openSqlite } from './open.ts';
import { createSqliteOutbox } from './outbox.ts';
import { createSqliteProcessKeys } from './process-keys.ts';
import { createSqliteProcessStore } from './process-store.ts';
import { createSqliteRemove } from './purge.ts';
import { createSqliteReadQueries } from './read-queries.ts';
import { createSqliteRebuildStore } from './rebuild-store.ts';
import { createRecentStreams } from './recent-streams.ts';
import { createSqliteRestore } from './restore.ts';
import { createSqliteRollupStore } from './rollups.ts';
import { createRunAll } from './run-all.ts';
import { createSqliteVerification } from './verification.ts';

/** Knex for migrations and lists. */
export function sqliteKnexConfig(file: string): Knex.Config {
  return { client: 'better-sqlite3', connection: { filename: file }, useNullAsDefault: true };
}

/** SQLite compares keys and times as the texts that they are. */
const PLAIN = { key: (value: string) => value, time: (value: string) => value };

/** https://www.sqlite.org/optoverview.html#disqualifying_where_clause_terms_using_unary_ */
const searchOn = (knex: Knex): SearchDialect => ({
  seek: (table) => knex.raw(table),
  unindexed: (column) => knex.raw(`+${column}`),
  jsonText: sqliteJsonText,
});

async function readHere(
  db: BetterSqlite3.Database,
  query: Knex.QueryBuilder,
  maxBytes: number,
): Promise<BoundedRows<ListedRow>> {
  const { sql, bindings } = query.toSQL().toNative();
  const taker = createRowTaker<ListedRow>(maxBytes);
  const rows = db.prepare<unknown[], ListedRow>(sql).iterate(...bindings);
  for (const row of rows) if (!taker.take(row, Object.values(row))) break;
  return taker;
}

/** The connection that writes the file, and its transactions: everything that is written often shares them. */
export interface SqliteWriter extends GroupCommits {
  db: BetterSqlite3.Database;
}

export interface SqliteDatabase extends Database {
  writer: SqliteWriter;
}

/** Opens the embedded database and brings its schema up to date. */
export async function openSqliteDatabase(
  options: DatabaseOptions & { file: string },
): Promise<SqliteDatabase> {
  const { file, clock, leaseMs, onAppended } = options;
  const recent = options.isOnlyAppender ? createRecentStreams() : undefined;
  const db = openSqlite(file);
  const knex = createKnex(sqliteKnexConfig(file));
  try {
    await ensureSchema(knex, file);
  } catch (error) {
    await knex.destroy();
    db.close();
    throw error;
  }
  // What can be computed again from the events, and the record of what was published, need no sync of their own. They
  // are after their events in the log: a power cut undoes them first, and they are done again.
  const { synced: groupCommit, ordered } = createGroupCommits(db);
  const countPending = createCountPending(knex, PLAIN, clock);
  const findUnprojected = createFindUnprojected(knex, PLAIN);
  const processKeys = createSqliteProcessKeys({ file, db, groupCommit, clock });
  const identifierIndex = createIdentifierIndex(processKeys, options.masterKeys ?? null);
  const mover = createArchiveMover(file, clock);
  const archivedRows = createArchivedRows(knex, PLAIN);
  const reads = createSqliteReadQueries(file, knex);
  const search = searchOn(knex);
  const list = createListProcesses(
    knex,
    {
      ...PLAIN,
      ...search,
      // A search may read many rows, which others need not wait for.
      upTo: (query, maxBytes, isSearch) =>
        isSearch ? reads.upTo<ListedRow>(query, maxBytes) : readHere(db, query, maxBytes),
      async counts(query) {
        const [row] = await reads.rows<Record<string, number>>(query);
        return row ?? {};
      },
      noTime: 'NULL',
    },
    identifierIndex,
  );
  const feedSource = createSqliteFeedSource(reads);
  const feedRows = createFeedRows(
    reads,
    feedSource,
    createFeedSearch(reads, search, identifierIndex),
  );
  // Deliveries can be made again from the events, which are before them in the log.
  const callbackDialect: CallbackDialect = {
    ...PLAIN,
    row: (raw) => raw as never,
    runAll: createRunAll(db, ordered),
    retried: (run) => run(),
  };
  const alive = db.prepare('SELECT 1');
  const recordUse = db.prepare('UPDATE api_key SET last_used_at = ? WHERE id = ?');
  return {
    kind: 'sqlite',
    writer: { db, synced: groupCommit, ordered },
    eventStore: createSqliteEventStore({ db, groupCommit, clock, leaseMs, onAppended, recent }),
    eventFeed: createEventFeed(feedRows),
    feedRows,
    rollups: createSqliteRollupStore(db, ordered),
    stuckProcesses: createStuckProcesses({ reads, clock, search, identifierIndex }),
    rollupSource: createRollupSource(feedRows, reads),
    rollupCheck: createRollupCheck(reads, feedSource),
    dueProcesses: createDueProcesses(reads),
    outbox: createSqliteOutbox({ db, groupCommit: ordered, clock }),
    processStore: createSqliteProcessStore({
      db,
      groupCommit: ordered,
      list,
      countPending,
      findUnprojected,
      findUnprojectedEvents: createFindUnprojectedEvents(reads),
      identifierIndex,
      recent,
    }),
    apiKeys: {
      ...createApiKeyStore(knex, {
        ...PLAIN,
        row: (raw) => raw as ApiKeyRow,
        // A writing statement is alone anyway.
        alone: (statement) => statement,
        retried: (run) => run(),
      }),
      // The only write of a running service: it waits for its turn with the others.
      recordUse: (id, at) => ordered.write(() => void recordUse.run(at, id)),
    },
    auditLog: createAuditLog(
      knex,
      {
        ...PLAIN,
        row: (raw) => raw as AuditRow,
        runAlone: (statement, values) =>
          groupCommit.write(() => void db.prepare(statement).run(...values)),
        retried: (run) => run(),
      },
      clock,
    ),
    bulkStore: createBulkStore(
      knex,
      {
        ...PLAIN,
        row: (raw) => raw as BulkRunRow,
        texts: 'SELECT value AS correlation_id FROM json_each(?)',
        retried: (run) => run(),
      },
      clock,
    ),
    callbackSource: createCallbackSource(feedRows, reads),
    subscriptionStore: createSubscriptionStore(knex, {
      ...callbackDialect,
      runAll: createRunAll(db, groupCommit),
    }),
    deliveryStore: createDeliveryStore(knex, callbackDialect, clock),
    archive: {
      moveBatch: mover.moveBatch,
      ...createPreview(knex, { ...PLAIN, bytes: (column) => `OCTET_LENGTH(${column})` }),
      restore: createSqliteRestore({ db, groupCommit, clock }),
    },
    processKeys,
    purge: { ...archivedRows, remove: createSqliteRemove(db, groupCommit) },
    archivedRows,
    maintenanceLock: createSqliteMaintenanceLock(file),
    verification: createSqliteVerification({
      db,
      groupCommit: ordered,
      identifierIndex,
      clock,
    }),
    openRebuild: async () => createSqliteRebuildStore(file, identifierIndex),
    reads,
    analytics: createAnalytics({ reads, dialect: sqliteAnalytics, head: feedRows.head, clock }),
    knex,
    async ping() {
      alive.get();
    },
    async close() {
      await mover.close();
      await reads.close();
      // One more turn commits the writes that wait.
      await groupCommit.write(() => undefined).catch(() => {});
      await knex.destroy();
      processKeys.close();
      db.close();
    },
  };
}
