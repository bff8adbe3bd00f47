import sql from 'mssql';
import { PARTITIONS } from '../../domain/archive/index.ts';
import type { IdentifierIndex } from '../../domain/identifiers/index.ts';
import type {
  ExclusiveTables,
  RebuildStore,
  RebuildTables,
} from '../../domain/projection/index.ts';
import { MOVES } from '../sql/checkpoints.ts';
import { encodeFilter } from '../sql/process-name.ts';
import { REBUILT, shadowOf, TABLES } from '../sql/process-tables.ts';
import { createPool, type PoolLimits } from './connection.ts';
import { createMssqlRebuildTables } from './rebuild-tables.ts';
import { withRetry } from './retry.ts';
import { copyDefinition, dropTables, swapTables } from './shadow-tables.ts';
import { inTransaction, rowsOf } from './statements.ts';
import { TAKE_TABLES } from './table-lock.ts';
import type { MssqlTarget } from './target.ts';

/** Milliseconds for a statement: counting the index of a large table takes long. */
const REQUEST_TIMEOUT_MS = 600_000;
const CONNECTIONS = 2;
const BEGIN_MOVES = `IF NOT EXISTS (SELECT 1 FROM [checkpoint] WHERE name = '${MOVES}')
  INSERT INTO [checkpoint] (name, data, updated_at) VALUES ('${MOVES}', '0', SYSUTCDATETIME());`;
/** Writers that do not take our lock wait at these, until the end of the transaction. */
const KEEP_OUT = PARTITIONS.map(
  (partition) =>
    `SELECT TOP (1) 1 AS held FROM ${TABLES[partition].rows} WITH (TABLOCKX, HOLDLOCK);`,
).join('\n');
/**
 * The lock waits for all writers that have begun, so no event up to the last one can appear later. New writers wait
 * while it is read.
 */
const HIGH_WATER = `SELECT MAX(id) AS id FROM (
  SELECT MAX(id) AS id FROM event_log WITH (TABLOCK, HOLDLOCK)
  UNION ALL SELECT MAX(id) FROM event_log_archive) AS both_logs`;
const COUNT = `SELECT (SELECT COUNT_BIG(*) FROM event_log) + (SELECT COUNT_BIG(*) FROM event_log_archive) AS events`;
const HAS_PROCESS = `SELECT CASE WHEN ${Object.values(TABLES)
  .flatMap(({ rows, events }) => [rows, events])
  .map((table) => `EXISTS (SELECT 1 FROM ${table} WHERE process_name = @key)`)
  .join(' OR ')} THEN 1 ELSE 0 END AS known`;

/** The tables of a database on SQL Server for a rebuild, on connections of its own. */
export async function openMssqlRebuildStore(
  target: MssqlTarget,
  limits: Partial<PoolLimits>,
  identifierIndex: IdentifierIndex,
): Promise<RebuildStore> {
  const pool = createPool(target, {
    ...limits,
    min: 0,
    max: CONNECTIONS,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
  });
  await withRetry(() => pool.connect());
  const tables = createMssqlRebuildTables(() => pool.request(), identifierIndex);

  const within = (tx: sql.Transaction): RebuildTables =>
    createMssqlRebuildTables(() => tx.request(), identifierIndex, tx);

  return {
    ...tables,
    transaction: (work) => inTransaction(pool, (tx) => work(within(tx))),
    exclusively: (work) =>
      inTransaction(pool, async (tx) => {
        await takeTables(tx);
        const exclusive: ExclusiveTables = { ...within(tx), swap: () => swapTables(tx) };
        return work(exclusive);
      }),
    async hasShadows() {
      const shadows = await rowsOf<{ id: number | null }>(
        pool.request(),
        REBUILT.map((table) => `SELECT OBJECT_ID('${shadowOf(table)}') AS id`).join(' UNION ALL '),
      );
      return shadows.every(({ id }) => id !== null);
    },
    createShadows: () =>
      inTransaction(pool, async (tx) => {
        // Under the lock, because a move that is half done would not be counted.
        await takeTables(tx);
        await tx.request().query(BEGIN_MOVES);
        for (const table of REBUILT) await copyDefinition(tx, table, shadowOf(table));
      }),
    drop: (which) => withRetry(() => dropTables(pool, which)),
    async hasProcess(processKey) {
      const request = pool.request().input('key', sql.VarChar(255), encodeFilter(processKey));
      const [row] = await rowsOf<{ known: number }>(request, HAS_PROCESS);
      return row?.known === 1;
    },
    async countEvents() {
      const [row] = await rowsOf<{ events: string | number }>(pool.request(), COUNT);
      return Number(row?.events ?? 0);
    },
    async highWater() {
      const [row] = await rowsOf<{ id: string | number | null }>(pool.request(), HIGH_WATER);
      return Number(row?.id ?? 0);
    },
    close: () => pool.close(),
  };
}

async function takeTables(tx: sql.Transaction): Promise<void> {
  await tx.request().query(`SET XACT_ABORT ON; DECLARE @lock INT; ${TAKE_TABLES}`);
  await tx.request().query(KEEP_OUT);
}
