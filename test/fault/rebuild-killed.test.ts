import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { relayAll, soon } from '../support/archive-world.ts';
import { until } from '../support/children.ts';
import { type Killable, startKillable } from '../support/commands.ts';
import { databaseKinds, type TestDatabase } from '../support/databases.ts';
import { completed, requested, started, stepCompleted } from '../support/events.ts';
import { eachOf, expectCleanedUp, expectRebuilt } from '../support/rebuild-world.ts';

/** On SQL Server each process must log in, and a kill there is a lost connection like any other. */
const SIZES = {
  SQLite: { kills: 15, processes: 300 },
  'SQL Server': { kills: 3, processes: 30 },
} as const;
/** The largest number of reports, mostly one a page, before a working process is killed. */
const MAX_REPORTS = 8;
const kinds = databaseKinds().map((kind) => ({ ...kind, ...SIZES[kind.name] }));
const startRebuilder = (at: string): Promise<Killable> => startKillable('rebuilder.ts', at);

describe.each(kinds)('rebuilding on $name', { timeout: 600_000 }, (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await kind.open();
    });
    afterAll(async () => {
      await database?.destroy();
    });

    it(`G5: a rebuild killed ${kind.kills} times with -9 resumes, and its rows are the fold of the events`, async () => {
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
      /** The output of each rebuilder that reported how it begins. */
      const begun: { output: string; isHeld: boolean }[] = [];
      let next = startRebuilder(database.target);
      for (let kill = 0; kill < kind.kills; kill++) {
        const rebuilder = await next;
        next = startRebuilder(database.target);
        // Every second rebuilder stops at its first page, or at the first page after the resumed ones.
        const isHeld = kill % 2 === 0;
        rebuilder.begin(isHeld ? 1 : undefined);
        const id = ids[Math.floor(Math.random() * ids.length)] ?? '';
        await eventStore.append(id, [stepCompleted(`late-${kill}`)]);
        await processStore.project(id);
        await rebuilder.reported(isHeld ? 1 : Math.ceil(Math.random() * MAX_REPORTS));
        await rebuilder.kill();
        begun.push({ output: rebuilder.output(), isHeld });
        // The tables are complete at every moment, the old ones or the new ones.
        const rows = [];
        for (const table of ['process_store', 'process_store_archive']) {
          rows.push(...(await knex(table).select('correlation_id')));
        }
        expect(rows).toHaveLength(ids.length);
      }
      for (const [at, { output, isHeld }] of begun.entries()) {
        if (isHeld) expect(output).not.toContain('done');
        if (begun[at - 1]?.isHeld) expect(output).toContain('resumed');
      }
      const rebuilder = await next;
      rebuilder.begin();
      await until(() => rebuilder.isDone(), 'the rest is rebuilt');
      await rebuilder.kill();
      await expectRebuilt(database);
      await expectCleanedUp(database);
    });
  });
});
