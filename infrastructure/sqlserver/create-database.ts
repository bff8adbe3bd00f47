import { SetupError } from '../../domain/common/index.ts';
import { createPool } from './connection.ts';
import { readMssqlUrl } from './target.ts';

/** The result; `snapshotError` when READ_COMMITTED_SNAPSHOT could not be turned on. */
type Creation = { created: false } | { created: true; snapshotError?: string };

/**
 * Creates the database that the URL names unless it is there, with READ_COMMITTED_SNAPSHOT on. An existing
 * one is left as it is.
 *
 * @throws SetupError when the server does not answer, or this login may not create it
 */
export async function createDatabase(url: string): Promise<Creation> {
  const target = readMssqlUrl(url);
  const { server, port, user, database } = target;
  if (database === '') throw new SetupError('DATABASE_URL: it names no database to create');
  const pool = createPool({ ...target, database: 'master' }, { max: 1 });
  try {
    await pool.connect();
    const { recordset } = await pool
      .request()
      .input('name', database)
      .query<{ id: number | null }>('SELECT DB_ID(@name) AS id');
    if (recordset[0]?.id != null) return { created: false };
    // A name cannot be a parameter here. A batch of its own, because it must not be in a transaction.
    await pool.request().batch(`CREATE DATABASE ${quoted(database)}`);
    try {
      await pool
        .request()
        .batch(`ALTER DATABASE ${quoted(database)} SET READ_COMMITTED_SNAPSHOT ON`);
      return { created: true };
    } catch (error) {
      // The database can be used; the service warns at each start while the setting is off.
      return { created: true, snapshotError: reasonOf(error) };
    }
  } catch (cause) {
    throw new SetupError(
      `DATABASE_URL: ${user} cannot create the database ${database} on ${server}:${port}: ${reasonOf(cause)}`,
      { cause },
    );
  } finally {
    await pool.close();
  }
}

/** QUOTENAME's rule: in brackets, a closing one doubled. */
function quoted(name: string): string {
  return `[${name.replaceAll(']', ']]')}]`;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
