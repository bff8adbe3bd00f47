/** A grant or denial on a table or view of SQL Server. */
export interface Permission {
  state: string;
  permission: string;
  who: string;
  /** Null: on all of it. */
  column: string | null;
}

/** The query of the grants and denials that somebody has given on a table or view; its rows are `Permission`s. */
export const permissionsQuery = (name: string): string => `
SELECT p.state_desc AS state, p.permission_name AS permission, USER_NAME(p.grantee_principal_id) AS who,
  COL_NAME(p.major_id, p.minor_id) AS [column]
FROM sys.database_permissions AS p WHERE p.class = 1 AND p.major_id = OBJECT_ID('${name}')`;

/** The statement that gives one on a table or view. */
export function permitStatement(name: string, given: Permission): string {
  const { state, permission, who, column } = given;
  const withGrant = state === 'GRANT_WITH_GRANT_OPTION';
  const on = column === null ? name : `${name} (${quoted(column)})`;
  const verb = withGrant ? 'GRANT' : state;
  return `${verb} ${permission} ON ${on} TO ${quoted(who)}${withGrant ? ' WITH GRANT OPTION' : ''}`;
}

/** A name in brackets. */
export const quoted = (name: string): string => `[${name.replaceAll(']', ']]')}]`;
