import type { Database } from '../../../infrastructure/sql/database.ts';

/** Opens the database of a test in another process. Imports only what that database needs. */
export async function openTarget(
  target: string,
  { clock = Date.now }: { clock?: () => number } = {},
): Promise<Database> {
  const options = { clock, leaseMs: 0, onAppended: () => {} };
  if (target.startsWith('mssql:')) {
    const { openMssqlDatabase } = await import('../../../infrastructure/sqlserver/database.ts');
    return openMssqlDatabase({ ...options, url: target });
  }
  const { openSqliteDatabase } = await import('../../../infrastructure/sqlite/database.ts');
  return openSqliteDatabase({ ...options, file: target });
}
