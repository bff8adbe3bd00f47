import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import knex, { type Knex } from 'knex';
import type sql from 'mssql';
import { migrateUp } from '../../infrastructure/sql/migrate.ts';
import {
  createPool,
  mssqlKnexConfig,
  readMssqlUrl,
} from '../../infrastructure/sqlserver/connection.ts';

/**
 * Makes a database of its own on the server of `MSSQL_TEST_URL`, with the schema in it. The schema is
 * made like the service's, through Knex.
 */
export async function createTestDatabase(
  serverUrl: string,
): Promise<{ url: string; knexConfig: Knex.Config; drop: () => Promise<void> }> {
  const server = createPool({ ...readMssqlUrl(serverUrl), database: 'master' }, { max: 2 });
  await server.connect();
  const name = await createDatabase(server);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const knexConfig = { ...mssqlKnexConfig(url.href), client: CountingMssql };
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

/** Servers that speak T-SQL without being SQL Server may refuse to make two databases at the same moment. */
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

/** Rows as tedious gives them. */
interface Answer {
  response?: { metadata: { colName: string } }[][];
}

const MssqlClient = createRequire(import.meta.url)(
  'knex/lib/dialects/mssql/index.js',
) as typeof knex.Client;

/**
 * Knex reads the number of changed rows from an unnamed column; servers that speak T-SQL without being
 * SQL Server name it `rowcount`. This gives Knex what it looks for.
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
