import type { Knex } from 'knex';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFindUnprojectedEvents } from '../../../infrastructure/sql/find-unprojected.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { completed, requested, started, stepCompleted } from '../../support/events.ts';

describe.each(databaseKinds())('events that are not projected on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open();
    });
    afterAll(() => database?.destroy());

    it('are found from the newest back, among so many events and page by page', async () => {
      const { eventStore, processStore, archive } = database;
      for (const id of ['archived', 'live', 'behind']) {
        await eventStore.append(id, [requested(), id === 'archived' ? completed() : started()]);
        await processStore.project(id);
      }
      await eventStore.append('behind', [stepCompleted('behind')]);
      await eventStore.append('new', [requested(), started()]);
      const find = async (among: number, limit: number, before?: string) => {
        const found = await processStore.findUnprojectedEvents({ among, limit, before });
        return {
          ids: found.map(({ correlationId }) => correlationId),
          last: found.at(-1)?.eventId,
        };
      };
      const all = await find(100, 100);
      expect(all.ids).toEqual(['new', 'new', 'behind']);
      await archive.moveBatch({ endedBefore: '2999-01-01T00:00:00.000Z', limit: 500 });
      expect(await find(100, 100)).toEqual(all);
      expect((await find(1, 100)).ids).toEqual(['new']);
      const page = await find(100, 2);
      expect(page.ids).toEqual(['new', 'new']);
      expect((await find(100, 2, page.last)).ids).toEqual(['behind']);
      expect((await find(100, 2, all.last)).ids).toEqual([]);
      await processStore.projectMany(['new', 'behind']);
      expect((await find(100, 100)).ids).toEqual([]);
    });
  });
});

describe('the search for events that are not projected on SQLite', () => {
  it('reads from the end of the table without sorting, and seeks each row', async () => {
    const database = await databaseKinds()[0]?.open();
    if (!database) throw new Error('no SQLite');
    const { knex } = database;
    const queries: (Knex.QueryBuilder | Knex.Raw)[] = [];
    const find = createFindUnprojectedEvents({
      knex,
      async rows(query) {
        queries.push(query);
        return [];
      },
    });
    await find({ among: 10, limit: 10, before: '5' });
    const { sql, bindings } = (queries[0] as Knex.QueryBuilder).toSQL().toNative();
    const plan: { detail: string }[] = await knex.raw(
      `EXPLAIN QUERY PLAN ${sql}`,
      bindings as string[],
    );
    expect(plan.map(({ detail }) => detail)).toEqual([
      'CO-ROUTINE event',
      'SEARCH event_log USING INTEGER PRIMARY KEY (rowid<?)',
      'SCAN event',
      'CORRELATED SCALAR SUBQUERY 2',
      'SEARCH process_store USING INDEX sqlite_autoindex_process_store_1 (correlation_id=?)',
    ]);
    await database.destroy();
  });
});
