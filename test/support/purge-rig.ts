import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { ColdArchive } from '../../domain/archive/purge.ts';
import { purgeArchive } from '../../domain/archive/purge-archive.ts';
import { createColdArchive } from '../../infrastructure/files/cold-archive.ts';
import { emptyAfterwards, endedProcess, moveBatch } from './archive-world.ts';
import { type DatabaseKind, type TestDatabase, temporaryFolder } from './databases.ts';
import { readParquet } from './exported.ts';

/** When the purges of the tests run: March and all before it is past, April is not wholly. */
export const NOW = Date.parse('2026-04-20T12:00:00.000Z');

export type PurgeRig = ReturnType<typeof createPurgeRig>;

/** Opens a database for the tests of a block and a folder for each of them, and empties the database after each. */
export function usePurgeRig(kind: DatabaseKind, use: (rig: PurgeRig) => void): void {
  let database: TestDatabase | undefined;
  let folder: ReturnType<typeof temporaryFolder> | undefined;
  beforeAll(async () => {
    database = await kind.open();
  });
  beforeEach(() => {
    if (!database) return;
    folder = temporaryFolder();
    use(createPurgeRig(kind, database, folder.path));
  });
  afterEach(async () => {
    folder?.remove();
    if (!database) return;
    await emptyAfterwards(database);
    await database.knex('process_key').del();
  });
  afterAll(() => database?.destroy());
}

function createPurgeRig(kind: DatabaseKind, database: TestDatabase, folder: string) {
  return {
    database,
    /** For the files of a cold archive. */
    folder,
    coldArchive: () => createColdArchive(folder, database.archivedRows),
    /** Purges at `NOW` what has ended before. */
    purge(coldArchive: ColdArchive | null = null, { batch = 2, stopAfterBatch = false } = {}) {
      const controller = new AbortController();
      return purgeArchive(
        { purge: database.purge, coldArchive, clock: () => NOW },
        { olderThanMs: 0, batch },
        controller.signal,
        () => stopAfterBatch && controller.abort(),
      );
    },
    /** Archives processes as if each had last changed at that time. */
    async archived(at: string, ...ids: string[]): Promise<void> {
      for (const id of ids) await endedProcess(database, id);
      await moveBatch(database, 100);
      const time = kind.name === 'SQLite' ? at : new Date(at);
      const rows = database.knex('process_store_archive').whereIn('correlation_id', ids);
      await rows.update({ updated_at: time });
      for (const id of ids) {
        await database.knex('process_key').insert({ correlation_id: id, created_at: time });
      }
    },
    /** The processes that have rows in that table. */
    async left(table: string): Promise<string[]> {
      const rows = await database.knex(table).distinct('correlation_id').orderBy('correlation_id');
      return rows.map(({ correlation_id }) => correlation_id);
    },
    /** The rows in the files whose names begin so, each like `a 4`. */
    async versionsInFiles(prefix: string): Promise<string[]> {
      return [...(await readParquet(folder, prefix)).values()]
        .flat()
        .map((row) => `${row.correlation_id} ${row.version}`);
    },
  };
}
