import type { Knex } from 'knex';
import sql from 'mssql';
import { SetupError } from '../../../domain/common/index.ts';
import { EVENT_COLUMNS } from '../../../infrastructure/sql/event-row.ts';
import { PROCESS_COLUMNS } from '../../../infrastructure/sql/process-row.ts';
import { createPool, type MssqlTarget } from '../../../infrastructure/sqlserver/connection.ts';
import type { Values } from './batches.ts';
import { alreadyThere, type Sink } from './sink.ts';

/** Milliseconds that one batch may take on a slow server. */
const PATIENCE_MS = 300_000;
/** What a server says of a key that is there already. */
const DUPLICATES = new Set([2601, 2627]);

const TEXT = (): sql.ISqlType => sql.NVarChar(sql.MAX);
const TIME = (): sql.ISqlType => sql.DateTime2(3);
const TYPES: Readonly<Record<string, () => sql.ISqlType>> = {
  id: () => sql.BigInt(),
  event_id: () => sql.BigInt(),
  version: () => sql.Int(),
  event_type: () => sql.VarChar(50),
  schema_version: () => sql.SmallInt(),
  actor: () => sql.NVarChar(510),
  status: () => sql.VarChar(50),
  http_method: () => sql.VarChar(10),
  endpoint: () => sql.VarChar(500),
  request_data: TEXT,
  response_data: TEXT,
  error_message: TEXT,
  identifiers: TEXT,
  result: TEXT,
  metadata: TEXT,
  http_status_code: () => sql.Int(),
  step: () => sql.Int(),
  execution_time: () => sql.Int(),
  hash: () => sql.VarBinary(32),
  data: TEXT,
  error: TEXT,
  error_kind: () => sql.VarChar(50),
  error_code: () => sql.NVarChar(510),
  error_step: () => sql.NVarChar(510),
  process_instance_id: () => sql.VarChar(64),
  created_at: TIME,
  started_at: TIME,
  updated_at: TIME,
  completed_at: TIME,
  archived_at: TIME,
};

/**
 * A database on SQL Server with the schema in it, filled by bulk load beside those who use it. The user
 * needs to be in `db_owner` or `db_ddladmin`, to keep ids of event_log for the rows.
 *
 * A bulk load that names the identity column keeps the values it brings: it is what the drivers' own option
 * to keep identities does.
 */
export async function openMssqlSink(target: MssqlTarget, seed: number): Promise<Sink> {
  const pool = createPool(target, { max: 1, requestTimeoutMs: PATIENCE_MS });
  await pool.connect();
  const required = await requiredColumns(pool);

  async function load(
    transaction: sql.Transaction,
    name: string,
    columns: readonly string[],
    rows: readonly Values[],
  ): Promise<void> {
    if (rows.length === 0) return;
    const table = new sql.Table(name);
    for (const column of columns) {
      const type = TYPES[column] ?? (() => sql.VarChar(255));
      // SQL Server refuses a load that takes a column without NULL for one with it.
      table.columns.add(column, type(), { nullable: !required.has(`${name}.${column}`) });
    }
    const times = columns.map((column) => TYPES[column] === TIME);
    const bigints = columns.map((column) => column === 'id' || column === 'event_id');
    for (const row of rows) {
      table.rows.add(
        ...columns.map((_, at) => {
          const value = row[at] ?? null;
          if (value instanceof Uint8Array) return Buffer.from(value);
          if (bigints[at]) return String(value);
          return times[at] && value !== null ? new Date(String(value)) : value;
        }),
      );
    }
    await transaction.request().bulk(table, { checkConstraints: true, keepNulls: true });
  }

  async function loadAll(
    transaction: sql.Transaction,
    table: string,
    columns: readonly string[],
    rows: readonly Values[],
  ): Promise<void> {
    const isLive = (row: Values): boolean => row.at(-1) === null;
    await load(transaction, table, columns, rows.filter(isLive));
    const archived = rows.filter((row) => !isLive(row));
    await load(transaction, `${table}_archive`, [...columns, 'archived_at'], archived);
  }

  return {
    async reserveIds(count) {
      const transaction = new sql.Transaction(pool);
      await transaction.begin();
      // Nobody takes an id in between.
      const { recordset } = await transaction.request().query(`
DECLARE @live BIGINT, @archived BIGINT;
SELECT @live = MAX(id) FROM event_log WITH (TABLOCKX, HOLDLOCK);
SELECT @archived = ISNULL(MAX(id), 0) FROM event_log_archive;
SELECT IDENT_CURRENT('event_log') AS live, @archived AS archived;`);
      const last = Math.max(Number(recordset[0].live), Number(recordset[0].archived));
      await transaction
        .request()
        .query(`DBCC CHECKIDENT ('event_log', RESEED, ${last + count}) WITH NO_INFOMSGS`);
      await transaction.commit();
      return last + 1;
    },
    async write({ events, processes }) {
      const transaction = new sql.Transaction(pool);
      await transaction.begin();
      try {
        await loadAll(transaction, 'event_log', ['id', ...EVENT_COLUMNS], events);
        const ids = events.map(([id = null]) => [id]);
        await load(transaction, 'unpositioned_event', ['event_id'], ids);
        await loadAll(transaction, 'process_store', PROCESS_COLUMNS, processes);
        await transaction.commit();
      } catch (error) {
        await transaction.rollback().catch(() => {});
        const { number } = error as { number?: number };
        if (number === undefined || !DUPLICATES.has(number)) throw error;
        throw new SetupError(alreadyThere(seed), { cause: error });
      }
    },
    close: () => pool.close(),
  };
}

/** The columns without NULL, each behind its table and a dot. */
async function requiredColumns(pool: sql.ConnectionPool): Promise<ReadonlySet<string>> {
  const { recordset } = await pool.request().query<{ name: string }>(`
SELECT CONCAT(TABLE_NAME, '.', COLUMN_NAME) AS name FROM INFORMATION_SCHEMA.COLUMNS
WHERE IS_NULLABLE = 'NO' AND TABLE_SCHEMA = SCHEMA_NAME()`);
  return new Set(recordset.map(({ name }) => name));
}

/** What `mssqlKnexConfig` made of a target. */
type ConnectionConfig = Pick<MssqlTarget, 'server' | 'port' | 'user' | 'password' | 'database'> & {
  options: Pick<MssqlTarget, 'encrypt' | 'trustServerCertificate' | 'multiSubnetFailover'> & {
    appName: string;
  };
};

/** The server and database that a Knex of ours works with. */
export function mssqlTargetOf(knex: Knex): MssqlTarget {
  const { connection } = knex.client.config as { connection: ConnectionConfig };
  const { options, server, port, user, database } = connection;
  const { encrypt, trustServerCertificate, multiSubnetFailover, appName } = options;
  return {
    server,
    port,
    user,
    // Knex hides it from those who copy the object.
    password: connection.password,
    database,
    encrypt,
    trustServerCertificate,
    multiSubnetFailover,
    applicationName: appName,
  };
}
