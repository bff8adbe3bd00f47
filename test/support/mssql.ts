import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import knex, { type Knex } from 'knex';
import type sql from 'mssql';
import type { StoredEvent } from '../../domain/process/events.ts';
import type { Database } from '../../infrastructure/sql/database.ts';
import {
  createPool,
  mssqlKnexConfig,
  type PoolLimits,
} from '../../infrastructure/sqlserver/connection.ts';
import { openMssqlDatabase } from '../../infrastructure/sqlserver/database.ts';
import { readMssqlUrl } from '../../infrastructure/sqlserver/target.ts';
import { migrateUp } from '../../migrations/migrate.ts';
import { startTdsProxy, type TdsProxy } from './tds-proxy.ts';

/** For tests that measure no time-out: a statement of theirs, or its wait for a connection, ends on any machine. */
export const SLOW_SERVER_LIMITS: Partial<PoolLimits> = {
  connectTimeoutMs: 120_000,
  requestTimeoutMs: 120_000,
  acquireTimeoutMs: 120_000,
};

/**
 * Creates a database on the server of `MSSQL_TEST_URL`, and its schema by the migrations of the service.
 */
export async function createTestDatabase(
  serverUrl: string,
): Promise<{ url: string; knexConfig: Knex.Config; drop: () => Promise<void> }> {
  const server = createPool(
    { ...readMssqlUrl(serverUrl), database: 'master' },
    { ...SLOW_SERVER_LIMITS, max: 2 },
  );
  await server.connect();
  const name = await createDatabase(server);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const knexConfig = { ...mssqlKnexConfig(url.href, SLOW_SERVER_LIMITS), client: CountingMssql };
  const connection = knex(knexConfig);
  await migrateUp(connection);
  await connection.destroy();
  return {
    url: url.href,
    knexConfig,
    async drop() {
      await server
        .request()
        .query(`DROP DATABASE ${name}`)
        .catch(() => {});
      await server.close();
    },
  };
}

/** Servers that speak T-SQL without being SQL Server may refuse to create two databases at the same moment. */
async function createDatabase(server: sql.ConnectionPool): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const name = `fc_test_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
    try {
      await server.request().query(`CREATE DATABASE ${name}`);
      return name;
    } catch (error) {
      if (attempt === 5 || !String(error).includes('concurrently updated')) throw error;
    }
  }
}

/** Rows as tedious returns them. */
interface Answer {
  response?: { metadata: { colName: string } }[][];
}

const MssqlClient = createRequire(import.meta.url)(
  'knex/lib/dialects/mssql/index.js',
) as typeof knex.Client;

/**
 * Knex reads the number of changed rows from an unnamed column. Servers that speak T-SQL without being SQL Server name
 * it `rowcount`; this client removes that name.
 */
class CountingMssql extends MssqlClient {
  processResponse(query: Answer, runner: unknown): unknown {
    for (const { metadata } of query.response?.flat() ?? []) {
      if (metadata.colName === 'rowcount') metadata.colName = '';
    }
    const { processResponse } = MssqlClient.prototype as unknown as CountingMssql;
    return processResponse.call(this, query, runner);
  }
}

/** A database on SQL Server whose connections go through a proxy that records messages and may drop them. */
export interface ProxiedDatabase {
  /** The URL without the proxy. */
  url: string;
  proxy: TdsProxy;
  database: Database;
  /** Closes both and removes the database. */
  close(): Promise<void>;
}

export async function openProxied(
  serverUrl: string,
  onAppended: (events: readonly StoredEvent[]) => void = () => {},
): Promise<ProxiedDatabase> {
  const { url, drop } = await createTestDatabase(serverUrl);
  const proxy = await startTdsProxy(serverUrl);
  const database = await openMssqlDatabase({
    url: proxy.through(url),
    clock: Date.now,
    leaseMs: 0,
    onAppended,
  });
  return {
    url,
    proxy,
    database,
    async close() {
      await database.close();
      await proxy.stop();
      await drop();
    },
  };
}

/** The parameters of an RPC to sp_executesql with the types as which they are sent. */
export function declarations(text: string): Record<string, string> {
  const list = /((?:@\w+ (?:n?varchar\((?:\d+|max)\)|[a-z]+\d?(?:\(\d+\))?)(?:, )?)+)(?=[^ ,])/g;
  const longest = [...text.matchAll(list)]
    .map(([found]) => found)
    .sort((a, b) => b.length - a.length);
  const found = (longest[0] ?? '').matchAll(/@(\w+) ([a-z]+\d?(?:\((?:\d+|max)\))?)/g);
  return Object.fromEntries([...found].map(([, name, type]) => [name, type]));
}

/** The type of every column; a name has the same type in all these tables. */
export async function columnTypes({ knex }: Database): Promise<Map<string, string>> {
  const rows = await knex('INFORMATION_SCHEMA.COLUMNS')
    .whereIn('TABLE_NAME', ['event_log', 'outbox', 'process_store', 'process_key'])
    .select('COLUMN_NAME', 'DATA_TYPE', 'CHARACTER_MAXIMUM_LENGTH');
  return new Map(
    rows.map((row) => {
      const length = row.CHARACTER_MAXIMUM_LENGTH;
      const size = length === null ? '' : `(${length === -1 ? 'max' : length})`;
      const type = row.DATA_TYPE === 'datetime2' ? 'datetime2(3)' : `${row.DATA_TYPE}${size}`;
      return [row.COLUMN_NAME as string, type];
    }),
  );
}
