import type sql from 'mssql';
import {
  type Permission,
  permissionsQuery,
  permitStatement,
} from '../../migrations/permissions.ts';

export type Connection = Pick<sql.ConnectionPool, 'request'>;

/** The grants and denials on a table or view. */
export async function permissionsOn(db: Connection, name: string): Promise<Permission[]> {
  const { recordset } = await db.request().query<Permission>(permissionsQuery(name));
  return recordset;
}

/** Repeats them on another table or view. */
export async function permit(
  db: Connection,
  name: string,
  permissions: readonly Permission[],
): Promise<void> {
  for (const one of permissions) await db.request().batch(permitStatement(name, one));
}
