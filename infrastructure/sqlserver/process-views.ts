import { type Connection, permissionsOn, permit } from './permissions.ts';

/** The views that read the tables of processes (migration 0007). */
const VIEWS = ['v_process_timeline', 'v_process_durations'];

/**
 * Drops the views that read the tables of processes; what it returns makes them again, as they were and with their
 * grants and denials. SQL Server would find the tables by name again, but a server that keeps to their ids
 * would go on reading the replaced ones. All in the caller's transaction: nobody sees them missing.
 */
export async function takeViewsAway(db: Connection): Promise<() => Promise<void>> {
  const taken: { name: string; definition: string; permissions: Awaited<Permissions> }[] = [];
  for (const name of VIEWS) {
    const { recordset } = await db
      .request()
      .query<{ definition: string | null }>(
        `SELECT OBJECT_DEFINITION(OBJECT_ID('${name}')) AS definition`,
      );
    const definition = recordset[0]?.definition;
    // An administrator may have taken it away.
    if (!definition) continue;
    taken.push({ name, definition, permissions: await permissionsOn(db, name) });
    await db.request().batch(`DROP VIEW ${name}`);
  }
  return async () => {
    for (const { name, definition, permissions } of taken) {
      await db.request().batch(definition);
      await permit(db, name, permissions);
    }
  };
}

type Permissions = ReturnType<typeof permissionsOn>;
