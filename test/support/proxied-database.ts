import type { StoredEvent } from '../../domain/process/events.ts';
import type { Database } from '../../infrastructure/sql/database.ts';
import { openMssqlDatabase } from '../../infrastructure/sqlserver/database.ts';
import { createTestDatabase } from './mssql.ts';
import { startTdsProxy, type TdsProxy } from './tds-proxy.ts';

/** A database on SQL Server whose connections go through a proxy that sees, and may lose, what is sent. */
export interface ProxiedDatabase {
  /** The way past the proxy. */
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
