import createKnex, { type Knex } from 'knex';
import { SetupError } from '../../domain/common/index.ts';
import { createIdentifierIndex } from '../../domain/personal-data/index.ts';
import { checkSchema } from '../../migrations/migrate.ts';
import { createAnalytics } from '../sql/analytics.ts';
import { type ApiKeyRow, createApiKeyStore } from '../sql/api-keys.ts';
import { createPreview } from '../sql/archive-preview.ts';
import { type ArchivedRows, createArchivedRows } from '../sql/archived-rows.ts';
import { type AuditRow, createAuditLog } from '../sql/audit-log.ts';
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
import { mssqlAnalytics } from './analytics.ts';
import {
  connectPool,
  createPool,
  isoTimes,
  mssqlKnexConfig,
  type PoolLimits,
  unreachable,
} from './connection.ts';
import { createMssqlEventStore } from './event-store.ts';
import { createMssqlFeedSource, mssqlJsonText } from './feed-source.ts';
import { createMssqlMaintenanceLock } from './maintenance-lock.ts';
import { createMoveBatch } from './move-batch.ts';
import { createMssqlOutbox } from './outbox.ts';
import { createMssqlProcessKeys } from './process-keys.ts';
import { createMssqlProcessStore } from './process-store.ts';
import { createMssqlRemove } from './purge.ts';
import { createMssqlReadQueries } from './read-queries.ts';
import { openMssqlRebuildStore } from './rebuild-store.ts';
import { createMssqlRestore } from './restore.ts';
import { withRetry } from './retry.ts';
import { createMssqlRollupStore } from './rollups.ts';
import { createRunAll } from './run-all.ts';
import { beginWithLock } from './stream-lock.ts';
import { readBounded } from './stream-rows.ts';
import { readMssqlUrl } from './target.ts';
import { createMssqlVerification } from './verification.ts';

/** Readers of many rows at once: each keeps a connection for as long as it reads. */
const READERS_MAX = 4;
const SNAPSHOT = `SELECT is_read_committed_snapshot_on AS is_on FROM sys.databases WHERE name = DB_NAME()`;

/**
 * Opens a database on SQL Server, whose schema must be there already: `fastify-camunda migrate` is run
 * once, not by every instance.
 *
 * @throws SetupError when the server does not answer or the schema does not fit
 */
export async function openMssqlDatabase(
  options: DatabaseOptions & {
    url: string;
    limits?: Partial<PoolLimits>;
    knexConfig?: Knex.Config;
  },
): Promise<Database> {
  const { url, limits = {}, clock, leaseMs, onAppended, warn } = options;
  const target = readMssqlUrl(url);
  const pool = createPool(target, limits);
  const readers = createPool(target, { ...limits, min: 0, max: READERS_MAX });
  const knex = createKnex(options.knexConfig ?? mssqlKnexConfig(url, limits));
  const close = async (): Promise<void> => {
    await Promise.all([knex.destroy(), readers.close(), pool.close()]);
  };
  try {
    await connectPool(pool, target);
    await connectPool(readers, target);
    await checkSchema(knex);
    const { recordset } = await pool.request().query<{ is_on: boolean }>(SNAPSHOT);
    if (!recordset[0]?.is_on) {
      warn?.(
        `READ_COMMITTED_SNAPSHOT is off: readers will wait for writers; ALTER DATABASE [${target.database.replaceAll(']', ']]')}] SET READ_COMMITTED_SNAPSHOT ON`,
      );
    }
  } catch (error) {
    await close();
    throw error instanceof SetupError ? error : unreachable(target, error);
  }
  // Knex binds every text as nvarchar, which turns a seek on a varchar key into a scan: the parameter
  // is cast, never the column (https://github.com/knex/knex/issues/5268).
  const key = (value: string): Knex.Value =>
    knex.raw('CAST(? AS VARCHAR(255))', [value]) as unknown as Knex.Value;
  const time = (value: string): Knex.Value =>
    knex.raw('CAST(? AS DATETIME2(3))', [value.replace('Z', '')]) as unknown as Knex.Value;
  const reads = createMssqlReadQueries({ target, limits, knex, key, time });
  const search: SearchDialect = {
    seek: (table) => knex.raw(`${table} WITH (FORCESEEK)`),
    unindexed: (column) => column,
    jsonText: mssqlJsonText,
  };
  const processKeys = createMssqlProcessKeys(pool);
  const identifierIndex = createIdentifierIndex(processKeys, options.masterKeys ?? null);
  const list = createListProcesses(
    knex,
    {
      ...search,
      key,
      time,
      async counts(query) {
        const [row] = await reads.rows<Record<string, number>>(query);
        return row ?? {};
      },
      upTo: async (query, maxBytes) => {
        const { sql: statement, bindings } = query.toSQL().toNative();
        const request = pool.request();
        for (const [at, value] of bindings.entries()) request.input(`p${at}`, value);
        const found = await readBounded<ListedRow>(request, statement, maxBytes);
        return { ...found, rows: found.rows.map(isoTimes) };
      },
      noTime: 'CAST(NULL AS DATETIME2(3))',
    },
    identifierIndex,
  );
  const countPending = createCountPending(knex, { key, time }, clock);
  const findUnprojected = createFindUnprojected(knex, { key });
  const { preview, previewBytes } = createPreview(knex, {
    time,
    bytes: (column) => `DATALENGTH(${column})`,
  });
  const rows = createArchivedRows(knex, { key, time });
  const archivedRows: ArchivedRows = {
    list: (page) => withRetry(() => rows.list(page)),
    preview: (before) => withRetry(() => rows.preview(before)),
    read: (processes) => withRetry(() => rows.read(processes)),
  };
  const feedSource = createMssqlFeedSource(reads);
  const feedRows = createFeedRows(
    reads,
    feedSource,
    createFeedSearch(reads, search, identifierIndex),
  );
  const callbackDialect: CallbackDialect = {
    key,
    time,
    row: (raw) => isoTimes(raw as Record<string, unknown>) as never,
    runAll: createRunAll(knex),
    retried: withRetry,
  };
  return {
    kind: 'mssql',
    eventStore: createMssqlEventStore({ pool, leaseMs, onAppended }),
    eventFeed: createEventFeed(feedRows),
    feedRows,
    rollups: createMssqlRollupStore(pool),
    stuckProcesses: createStuckProcesses({ reads, clock, search, identifierIndex }),
    rollupSource: createRollupSource(feedRows, reads),
    rollupCheck: createRollupCheck(reads, feedSource),
    dueProcesses: createDueProcesses(reads),
    outbox: createMssqlOutbox(pool),
    processStore: createMssqlProcessStore({
      pool,
      list: (...page) => withRetry(() => list(...page)),
      countPending: (upTo) => withRetry(() => countPending(upTo)),
      findUnprojected: (ids) => withRetry(() => findUnprojected(ids)),
      findUnprojectedEvents: createFindUnprojectedEvents(reads),
      identifierIndex,
    }),
    apiKeys: createApiKeyStore(knex, {
      key,
      time,
      row: (raw) => isoTimes(raw as ApiKeyRow),
      // Two statements that count at the same time would both find room for one key.
      alone: (statement) =>
        `${beginWithLock("'table api_key'")}\n${statement};\nCOMMIT TRANSACTION;`,
      retried: withRetry,
    }),
    auditLog: createAuditLog(
      knex,
      {
        key,
        time,
        row: (raw) => isoTimes(raw as AuditRow),
        runAlone: (statement, values) =>
          knex.raw(
            `${beginWithLock("'table audit_log'")}\n${statement};\nCOMMIT TRANSACTION;`,
            values as Knex.RawBinding[],
          ),
        retried: withRetry,
      },
      clock,
    ),
    bulkStore: createBulkStore(
      knex,
      {
        key,
        time,
        row: (raw) => isoTimes(raw as BulkRunRow),
        texts: 'SELECT CAST([value] AS VARCHAR(255)) AS correlation_id FROM OPENJSON(?)',
        retried: withRetry,
      },
      clock,
    ),
    callbackSource: createCallbackSource(feedRows, reads),
    subscriptionStore: createSubscriptionStore(knex, callbackDialect),
    deliveryStore: createDeliveryStore(knex, callbackDialect, clock),
    archive: {
      moveBatch: createMoveBatch(pool),
      preview: (before) => withRetry(() => preview(before)),
      previewBytes: (before) => withRetry(() => previewBytes(before)),
      restore: createMssqlRestore(pool),
    },
    processKeys,
    purge: { ...archivedRows, remove: createMssqlRemove(pool) },
    archivedRows,
    maintenanceLock: createMssqlMaintenanceLock(target, limits),
    verification: createMssqlVerification({ pool, readers, identifierIndex }),
    openRebuild: () => openMssqlRebuildStore(target, limits, identifierIndex),
    reads,
    analytics: createAnalytics({ reads, dialect: mssqlAnalytics, head: feedRows.head, clock }),
    knex,
    async ping() {
      await pool.request().query('SELECT 1 AS alive');
    },
    async close() {
      await reads.close();
      await close();
    },
  };
}
