import type sql from 'mssql';

export type Connection = Pick<sql.ConnectionPool, 'request'>;

/** A grant or denial on a table or view. */
export interface Permission {
  state: string;
  permission: string;
  who: string;
  /** Null: on all of it. */
  column: string | null;
}

/** Those that somebody has given on a table or view. */
export async function permissionsOn(db: Connection, name: string): Promise<Permission[]> {
  const { recordset } = await db.request().query<Permission>(`
SELECT p.state_desc AS state, p.permission_name AS permission, USER_NAME(p.grantee_principal_id) AS who,
  COL_NAME(p.major_id, p.minor_id) AS [column]
FROM sys.database_permissions AS p WHERE p.class = 1 AND p.major_id = OBJECT_ID('${name}')`);
  return recordset;
}

/** Gives them on another one. */
export async function permit(
  db: Connection,
  name: string,
  permissions: readonly Permission[],
): Promise<void> {
  for (const { state, permission, who, column } of permissions) {
    const withGrant = state === 'GRANT_WITH_GRANT_OPTION';
    const on = column === null ? name : `${name} (${quoted(column)})`;
    const verb = withGrant ? 'GRANT' : state;
    await db
      .request()
      .batch(
        `${verb} ${permission} ON ${on} TO ${quoted(who)}${withGrant ? ' WITH GRANT OPTION' : ''}`,
      );
  }
}

export const quoted = (name: string): string => `[${name.replaceAll(']', ']]')}]`;
