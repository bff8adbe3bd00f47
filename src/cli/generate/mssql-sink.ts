import type { Knex } from 'knex';
import sql from 'mssql';
import { SetupError } from '../../../domain/common/index.ts';
import {
  type Columns,
  EVENT_LOG,
  EVENT_LOG_ARCHIVE,
  PROCESS_IDENTIFIER,
  PROCESS_STORE,
  PROCESS_STORE_ARCHIVE,
} from '../../../infrastructure/sql/columns.ts';
import { bulkTable } from '../../../infrastructure/sqlserver/column-types.ts';
import { createPool } from '../../../infrastructure/sqlserver/connection.ts';
import type { MssqlTarget } from '../../../infrastructure/sqlserver/target.ts';
import type { Values } from './batches.ts';
import { alreadyThere, type Sink } from './sink.ts';

/** Milliseconds that one batch may take on a slow server. */
const REQUEST_TIMEOUT_MS = 300_000;
/** What a server says of a key that is there already. */
const DUPLICATES = new Set([2601, 2627]);

const UNPOSITIONED_EVENT = { event_id: { type: 'bigint' } } as const satisfies Columns;
const EVENT_TABLES = {
  live: { id: { type: 'bigint' }, ...EVENT_LOG } as const,
  archived: EVENT_LOG_ARCHIVE,
};
const PROCESS_TABLES = { live: PROCESS_STORE, archived: PROCESS_STORE_ARCHIVE };

/**
 * A database on SQL Server with the schema in it, filled by bulk load beside those who use it. The user
 * needs to be in `db_owner` or `db_ddladmin`, to keep ids of event_log for the rows.
 *
 * A bulk load that names the identity column keeps the values it brings: it is what the drivers' own option
 * to keep identities does.
 */
export async function openMssqlSink(target: MssqlTarget, seed: number): Promise<Sink> {
  const pool = createPool(target, { max: 1, requestTimeoutMs: REQUEST_TIMEOUT_MS });
  await pool.connect();

  async function load(
    transaction: sql.Transaction,
    name: string,
    columns: Columns,
    rows: readonly Values[],
  ): Promise<void> {
    if (rows.length === 0) return;
    const table = bulkTable(name, columns, rows);
    await transaction.request().bulk(table, { checkConstraints: true, keepNulls: true });
  }

  async function loadAll(
    transaction: sql.Transaction,
    table: string,
    { live, archived }: { live: Columns; archived: Columns },
    rows: readonly Values[],
  ): Promise<void> {
    const isLive = (row: Values): boolean => row.at(-1) === null;
    await load(transaction, table, live, rows.filter(isLive));
    const others = rows.filter((row) => !isLive(row));
    await load(transaction, `${table}_archive`, archived, others);
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
    async write({ events, processes, identifiers }) {
      const transaction = new sql.Transaction(pool);
      await transaction.begin();
      try {
        await loadAll(transaction, 'event_log', EVENT_TABLES, events);
        const ids = events.map(([id = null]) => [id]);
        await load(transaction, 'unpositioned_event', UNPOSITIONED_EVENT, ids);
        await loadAll(transaction, 'process_store', PROCESS_TABLES, processes);
        const of = (archived: boolean) =>
          identifiers
            .filter((row) => (row.at(-1) !== null) === archived)
            .map((row) => row.slice(0, -1));
        await load(transaction, 'process_identifier', PROCESS_IDENTIFIER, of(false));
        await load(transaction, 'process_identifier_archive', PROCESS_IDENTIFIER, of(true));
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
