import BetterSqlite3 from 'better-sqlite3';
import { inject } from 'vitest';
import type { Database } from '../../infrastructure/sql/database.ts';
import { openSqliteDatabase } from '../../infrastructure/sqlite/database.ts';
import { openMssqlDatabase } from '../../infrastructure/sqlserver/database.ts';
import { createTestDatabase } from './mssql.ts';
import type { Folder } from './service.ts';
import { startTcpProxy } from './tcp-proxy.ts';

export type ClusterDatabase = 'SQLite' | 'SQL Server';

/** A database that many instances share, and that can be taken from them. */
export interface SharedDatabase {
  database: Database;
  /** For the instances. */
  settings: Record<string, string>;
  away(): Promise<void>;
  back(): Promise<void>;
  destroy(): Promise<void>;
}

const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };

/** The database of one test; its own connections do not go the way that can be cut. */
export function openClusterDatabase(
  kind: ClusterDatabase,
  folder: Folder,
): Promise<SharedDatabase> {
  return kind === 'SQLite' ? openSqlite(folder) : openMssql();
}

async function openSqlite(folder: Folder): Promise<SharedDatabase> {
  const database = await openSqliteDatabase({ ...options, file: folder.file });
  const foreigner = new BetterSqlite3(folder.file);
  return {
    database,
    settings: {},
    // Somebody else's program has the file and does not let go of it.
    away: async () => void foreigner.exec('BEGIN EXCLUSIVE'),
    back: async () => void foreigner.exec('ROLLBACK'),
    async destroy() {
      foreigner.close();
      await database.close();
    },
  };
}

async function openMssql(): Promise<SharedDatabase> {
  const { url, knexConfig, drop } = await createTestDatabase(inject('mssqlUrl') ?? '');
  const through = new URL(url);
  const port = Number(through.port) || 1433;
  const proxy = await startTcpProxy({ host: through.hostname, port });
  through.host = `127.0.0.1:${proxy.port}`;
  const database = await openMssqlDatabase({ ...options, url, knexConfig });
  return {
    database,
    settings: { DATABASE_URL: through.href },
    away: proxy.cut,
    back: proxy.heal,
    async destroy() {
      await database.close();
      await proxy.stop();
      await drop();
    },
  };
}
