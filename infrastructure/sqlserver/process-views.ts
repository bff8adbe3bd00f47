import { type Connection, permissionsOn, permit } from './permissions.ts';

/** The views that read the tables of processes (migration 0007). */
const VIEWS = ['v_process_timeline', 'v_process_durations'];

/**
 * Drops the views that read the tables of processes. The returned function creates them again, with their grants and
 * denials. SQL Server would find the tables by name again, but a server that uses their ids would keep reading the
 * replaced ones. All in the transaction of the caller: others never see them missing.
 */
export async function dropViews(db: Connection): Promise<() => Promise<void>> {
  const dropped: { name: string; definition: string; permissions: Awaited<Permissions> }[] = [];
  for (const name of VIEWS) {
    const { recordset } = await db
      .request()
      .query<{ definition: string | null }>(
        `SELECT OBJECT_DEFINITION(OBJECT_ID('${name}')) AS definition`,
      );
    const definition = recordset[0]?.definition;
    // An administrator may have dropped it.
    if (!definition) continue;
    dropped.push({ name, definition, permissions: await permissionsOn(db, name) });
    await db.request().batch(`DROP VIEW ${name}`);
  }
  return async () => {
    for (const { name, definition, permissions } of dropped) {
      await db.request().batch(definition);
      await permit(db, name, permissions);
    }
  };
}

type Permissions = ReturnType<typeof permissionsOn>;
