import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { relayAll, soon } from '../support/archive-world.ts';
import { until } from '../support/children.ts';
import { databaseKinds, type TestDatabase } from '../support/databases.ts';
import { eachOf } from '../support/each-of.ts';
import { completed, requested, started, stepCompleted } from '../support/events.ts';
import { type Killable, startKillable } from '../support/killable.ts';
import { expectCleanedUp, expectRebuilt } from '../support/rebuild-world.ts';

/** On SQL Server each process must log in, and a kill there is a lost connection like any other. */
const SIZES = {
  SQLite: { kills: 15, processes: 300, within: 60 },
  'SQL Server': { kills: 3, processes: 30, within: 300 },
} as const;
const kinds = databaseKinds().map((kind) => ({ ...kind, ...SIZES[kind.name] }));
const startRebuilder = (at: string): Promise<Killable> => startKillable('rebuilder.ts', at);

describe.each(kinds)('rebuilding on $name', { timeout: 180_000 }, (kind) => {
  describe.skipIf(!kind.available)('when there is one', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await kind.open();
    });
    afterAll(async () => {
      await database?.destroy();
    });

    it(`G5: ${kind.kills} times killed with -9 at random points, it goes on, and ends as the events say`, async () => {
      const { eventStore, processStore, knex } = database;
      const ids = Array.from({ length: kind.processes }, (_, at) => `killed-${at}`);
      await eachOf(ids, async (id) => {
        const task = stepCompleted(`task-of-${id}`);
        await eventStore.append(id, [requested(), started(), task, completed()]);
        await processStore.project(id);
      });
      await relayAll(database);
      await database.archive.moveBatch({ endedBefore: soon(), limit: kind.processes / 3 });
      await knex('process_store').update({ current_step: 'nowhere' });
      await knex('process_store_archive').update({ current_step: 'nowhere' });
      const began: string[] = [];
      let next = startRebuilder(database.target);
      for (let kill = 0; kill < kind.kills; kill++) {
        const rebuilder = await next;
        next = startRebuilder(database.target);
        rebuilder.begin();
        const id = ids[Math.floor(Math.random() * ids.length)] ?? '';
        await eventStore.append(id, [stepCompleted(`late-${kill}`)]);
        await processStore.project(id);
        // Every other one has done a page at least, unless only the old tables were left to be removed.
        if (kill % 2 === 0) await until(() => isInPages(rebuilder), 'it has done a page', 60_000);
        await rebuilder.killWithin(kind.within);
        began.push(rebuilder.said());
        // The tables are whole at every moment, the old ones or the new ones.
        const rows = [];
        for (const table of ['process_store', 'process_store_archive']) {
          rows.push(...(await knex(table).select('correlation_id')));
        }
        expect(rows).toHaveLength(ids.length);
      }
      expect(began.filter((said) => said.includes('resumed')).length).toBeGreaterThan(0);
      expect(began.filter((said) => !said.includes('done')).length).toBeGreaterThan(
        kind.kills / 2 - 1,
      );
      const rebuilder = await next;
      rebuilder.begin();
      await until(() => rebuilder.said().includes('done'), 'the rest is rebuilt', 60_000);
      await rebuilder.killWithin(0);
      await expectRebuilt(database);
      await expectCleanedUp(database);
    });
  });
});

/** It says a number for each page. */
function isInPages(rebuilder: Killable): boolean {
  return /^(\d|done)/m.test(rebuilder.said());
}
