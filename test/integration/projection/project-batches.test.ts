import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fold } from '../../../domain/process/process-state.ts';
import { emptyAfterwards, moveBatch, relayAll } from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { completed, requested, started, stepCompleted } from '../../support/events.ts';
import { eachOf, expectRebuilt, rebuild } from '../../support/rebuild-world.ts';

/** More than one statement takes on SQL Server, whose batches have 128 processes. */
const MANY = 150;
const named = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${name}-${at}`);

describe.each(databaseKinds())('projecting many processes on $name', (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await kind.open();
    });
    afterAll(() => database?.destroy());

    async function expectRows(ids: readonly string[]): Promise<void> {
      await eachOf(ids, async (id) => {
        const expected = fold(await database.eventStore.readStream(id));
        expect(await database.processStore.get(id), id).toEqual(expected);
      });
    }

    it('G4: writes the fold of each stream, however often and in whichever order it is asked', async () => {
      const { eventStore, processStore } = database;
      const ids = named('many', MANY);
      await eachOf(ids, (id) => eventStore.append(id, [requested(), started(`of-${id}`)]));
      const known = ids.filter((_, at) => at % 3 === 0);
      await processStore.projectMany(known);
      await eachOf(known, (id) => eventStore.append(id, [stepCompleted(`task-${id}`)]));
      const [first] = ids;
      const states = await processStore.projectMany([...ids, 'nobody', ...ids.reverse()]);
      const found = new Map(states.map((state) => [state.correlationId, state]));
      expect([...found.keys()].sort()).toEqual([...ids].sort());
      expect(found.get(first ?? '')).toEqual(fold(await eventStore.readStream(first ?? '')));
      await expectRows(ids);
      await processStore.projectMany(ids.slice(20));
      await expectRows(ids);
      expect(await processStore.projectMany([])).toEqual([]);
      await emptyAfterwards(database);
    });

    it('G4: leaves the fold when two projectors work on the same processes while these get events', async () => {
      const { eventStore, processStore } = database;
      const ids = named('both', 12);
      const writer = async () => {
        for (let at = 0; at < 6; at++) {
          for (const id of ids) await eventStore.append(id, [stepCompleted(`${id}-${at}`)]);
        }
      };
      const projector = async (order: readonly string[]) => {
        for (let at = 0; at < 8; at++) {
          for (const state of await processStore.projectMany(order)) {
            const all = await eventStore.readStream(state.correlationId, { limit: state.version });
            expect(state).toEqual(fold(all));
          }
        }
      };
      const orders = [ids, [...ids].reverse(), ids.slice(3), ids];
      await Promise.all([writer(), ...orders.map(projector)]);
      await processStore.projectMany(ids);
      await expectRows(ids);
      await emptyAfterwards(database);
    });

    it('G4, G8: does not bring processes back that an archive run moves meanwhile', async () => {
      const { eventStore, processStore, knex } = database;
      const ids = named('moved', 16);
      await eachOf(ids, (id) => eventStore.append(id, [requested(), completed()]));
      await relayAll(database);
      const mover = async () => {
        for (let round = 0; round < 8; round++) await moveBatch(database, 3);
      };
      const projector = async (order: readonly string[]) => {
        for (let at = 0; at < 4; at++) await processStore.projectMany(order);
      };
      await Promise.all([mover(), projector(ids), projector([...ids].reverse()), mover()]);
      await processStore.projectMany(ids);
      await moveBatch(database, 100);
      expect(await knex('process_store_archive')).toHaveLength(ids.length);
      expect(await processStore.projectMany(ids)).toEqual([]);
      expect(await knex('process_store')).toEqual([]);
      await emptyAfterwards(database);
    });

    it('G4, G5: leaves the fold beside a rebuild that swaps the tables', async () => {
      const { eventStore, processStore } = database;
      const ids = named('rebuilt', 30);
      await eachOf(ids, (id) => eventStore.append(id, [requested()]));
      await processStore.projectMany(ids.slice(0, 20));
      const store = await database.openRebuild();
      let done = false;
      const worker = async () => {
        for (let at = 0; !done; at++) {
          const some = ids.filter((_, nth) => nth % 5 === at % 5);
          await eachOf(some, (id) => eventStore.append(id, [stepCompleted(`${id}-${at}`)]));
          await processStore.projectMany(some);
        }
      };
      const rebuilder = async () => {
        for (let at = 0; at < 3; at++) await rebuild(store);
        done = true;
      };
      await Promise.all([worker(), rebuilder().finally(() => (done = true))]);
      await store.close();
      await processStore.projectMany(ids);
      await expectRebuilt(database);
      await emptyAfterwards(database);
    });
  });
});
