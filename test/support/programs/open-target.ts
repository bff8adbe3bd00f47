import type { Database } from '../../../infrastructure/sql/database.ts';

/** Opens a test's database in another process. Imports no more than that one needs. */
export async function openTarget(target: string): Promise<Database> {
  const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };
  if (target.startsWith('mssql:')) {
    const { openMssqlDatabase } = await import('../../../infrastructure/sqlserver/database.ts');
    return openMssqlDatabase({ ...options, url: target });
  }
  const { openSqliteDatabase } = await import('../../../infrastructure/sqlite/database.ts');
  return openSqliteDatabase({ ...options, file: target });
}
