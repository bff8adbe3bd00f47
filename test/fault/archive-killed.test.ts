import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectFolded, expectWhollyInOnePlace, relayAll } from '../support/archive-world.ts';
import { until } from '../support/children.ts';
import { databaseKinds, type TestDatabase } from '../support/databases.ts';
import { eachOf } from '../support/each-of.ts';
import { completed, requested, started, stepCompleted } from '../support/events.ts';
import { type Killable, startKillable } from '../support/killable.ts';

/** On SQL Server each process must log in, and a kill there is a lost connection like any other. */
const SIZES = {
  SQLite: { kills: 20, processes: 300 },
  'SQL Server': { kills: 3, processes: 12 },
} as const;
const kinds = databaseKinds().map((kind) => ({ ...kind, ...SIZES[kind.name] }));
/** Longest time until a kill, in milliseconds. */
const WITHIN = 30;
const startArchiver = (at: string): Promise<Killable> => startKillable('archiver.ts', at);

describe.each(kinds)('archiving on $name', { timeout: 180_000 }, (kind) => {
  describe.skipIf(!kind.available)('when there is one', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await kind.open();
    });
    afterAll(async () => {
      await database?.destroy();
    });

    it(`G8: ${kind.kills} times killed with -9 at random points, it leaves every process whole`, async () => {
      const ids = Array.from({ length: kind.processes }, (_, at) => `killed-${at}`);
      await eachOf(ids, prepare);
      await relayAll(database);
      let late = 0;
      let cutOff = 0;
      let next = startArchiver(database.target);
      for (let kill = 0; kill < kind.kills; kill++) {
        const archiver = await next;
        if (kill < kind.kills - 1) next = startArchiver(database.target);
        archiver.begin();
        // Something comes late for processes that are just being archived, from another process.
        const id = ids[Math.floor(Math.random() * ids.length)] ?? '';
        await database.eventStore.append(id, [stepCompleted(`late-${kill}`)]);
        late++;
        await archiver.killWithin(WITHIN);
        if (!archiver.said().includes('done')) cutOff++;
        await relayAll(database);
        await database.processStore.project(id);
        await expectWhollyInOnePlace(database);
      }
      expect(cutOff).toBeGreaterThan(kind.kills / 2);
      const archiver = await startArchiver(database.target);
      archiver.begin();
      await until(() => archiver.said().includes('done'), 'the rest is archived', 60_000);
      await archiver.killWithin(WITHIN);
      const places = [...(await expectWhollyInOnePlace(database)).values()];
      expect(places).toHaveLength(ids.length);
      expect(places.filter(({ row }) => !row.archived)).toEqual([]);
      const events = places.reduce((sum, place) => sum + place.events.archived.length, 0);
      expect(events).toBe(4 * ids.length + late);
      await eachOf(ids, (id) => expectFolded(database, id));

      async function prepare(id: string): Promise<void> {
        const task = stepCompleted(`task-of-${id}`);
        await database.eventStore.append(id, [requested(), started(), task, completed()]);
        await database.processStore.project(id);
      }
    });
  });
});
