import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProcessCursor, ProcessFilter } from '../../../domain/process/process-store.ts';
import { endedProcess, listQueries, soon } from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';

describe.each(databaseKinds())('the list of processes on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open();
      for (const id of ['old-1', 'old-2', 'old-3']) await endedProcess(database, id);
      await database.archive.moveBatch({ endedBefore: soon(), limit: 100 });
      for (const id of ['new-1', 'new-2']) await endedProcess(database, id);
      // Back, and so between the archived ones by the time of its change.
      await database.archive.restore('old-2');
    });
    afterAll(() => database?.destroy());

    /** All pages of two, one after the other. */
    async function listed(filter: ProcessFilter): Promise<string[]> {
      const found: string[] = [];
      for (let after: ProcessCursor | undefined; ; ) {
        const size = { limit: 2, maxBytes: 1_000_000 };
        const { items: page } = await database.processStore.list(filter, size, after);
        found.push(...page.map((p) => `${p.correlationId}${p.archivedAt ? ' archived' : ''}`));
        after = page.at(-1);
        if (!after) return found;
      }
    }

    it('has archived processes in their order when it is asked for them, each once', async () => {
      const all = ['new-2', 'new-1', 'old-3 archived', 'old-2', 'old-1 archived'];
      expect(await listed({ partitions: 'both' })).toEqual(all);
      expect(await listed({ partitions: 'both', status: 'ok', to: soon() })).toEqual(all);
      expect(await listed({ partitions: 'both', status: 'pending' })).toEqual([]);
      expect(await listed({})).toEqual(['new-2', 'new-1', 'old-2']);
      expect(await listed({ partitions: 'archived' })).toEqual([
        'old-3 archived',
        'old-1 archived',
      ]);
      const { items } = await database.processStore.list(
        { partitions: 'both' },
        { limit: 1, maxBytes: 1_000_000 },
        { updatedAt: soon(), correlationId: 'old-3' },
      );
      const [old] = items;
      expect(old?.updatedAt).toMatch(/Z$/);
    });
  });
});

describe('the list of processes with the archive on SQLite', () => {
  it('reads a page of each table by its own index', async () => {
    const database = await databaseKinds()[0]?.open();
    if (!database) throw new Error('no SQLite');
    const after = { updatedAt: soon(), correlationId: 'c' };
    const [query] = await listQueries(database.knex, { partitions: 'both' }, after);
    const plan: { detail: string }[] = await database.knex.raw(
      `EXPLAIN QUERY PLAN ${query?.sql}`,
      (query?.bindings ?? []) as string[],
    );
    const detail = plan.map((row) => row.detail).join('; ');
    expect(detail).toMatch(/process_store USING INDEX (idx_updated_at|idx_status)\b/);
    expect(detail).toContain(
      'process_store_archive USING INDEX idx_process_store_archive_updated_at',
    );
    await database.destroy();
  });
});
