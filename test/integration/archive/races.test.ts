import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { VersionConflictError } from '../../../domain/common/errors.ts';
import {
  emptyAfterwards,
  endedProcess,
  expectFolded,
  expectWhollyInOnePartition,
  moveBatch,
  relayAll,
} from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { completed, requested, stepCompleted } from '../../support/events.ts';

describe.each(databaseKinds())(
  'concurrent writes and moves to the archive on $name',
  ({ available, open }) => {
    describe.skipIf(!available)('when it is available', () => {
      let database: TestDatabase;
      beforeAll(async () => {
        database = await open();
      });
      afterEach(() => emptyAfterwards(database));
      afterAll(() => database?.destroy());

      const read = (id: string) => database.eventStore.readStream(id);
      const move = (limit = 100) => moveBatch(database, limit);

      it('G8: move each process once with two movers', async () => {
        const ids = Array.from({ length: 8 }, (_, at) => `twice-${at}`);
        for (const id of ids) await endedProcess(database, id);
        const mover = async () => {
          const moved = [];
          for (let at = 0; at < 5; at++) moved.push(await move(2));
          return moved;
        };
        const moved = (await Promise.all([mover(), mover()])).flat();
        expect(moved.reduce((sum, { processes }) => sum + processes, 0)).toBe(8);
        expect(moved.reduce((sum, { events }) => sum + events, 0)).toBe(32);
      });

      it('G3, G8: neither lose nor orphan an event that meets the move of its process', async () => {
        const { eventStore, processStore } = database;
        const ids = Array.from({ length: 8 }, (_, at) => `met-${at}`);
        for (const id of ids) await endedProcess(database, id);
        const written: string[] = [];
        let moved = 0;
        const append = async (id: string, at: number) => {
          const { events } = await eventStore.append(id, [stepCompleted(`${id}-late-${at}`)]);
          written.push(...events.map((event) => `${id} ${event.version}`));
        };
        const mover = async () => {
          for (let round = 0; round < 5; round++) {
            const { processes } = await move(2);
            moved += processes;
          }
        };
        const writers = ids.map(async (id) => {
          await append(id, 1);
          await append(id, 2);
        });
        const starters = ids.map((id) =>
          expect(eventStore.append(id, [requested()], { expectedVersion: 0 })).rejects.toThrow(
            VersionConflictError,
          ),
        );
        await Promise.all([mover(), ...writers, mover(), ...starters]);
        await relayAll(database);
        for (const id of ids) await processStore.project(id);
        for (;;) {
          const { processes } = await move();
          if (processes === 0) break;
          moved += processes;
        }
        expect(moved).toBe(ids.length);
        expect(new Set(written).size).toBe(2 * ids.length);
        for (const id of ids) {
          expect((await read(id)).map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6]);
          await expectFolded(database, id);
        }
        await expectWhollyInOnePartition(database);
      });

      it('G4, G8: do not bring the process back by a projection that meets the move', async () => {
        const { eventStore, processStore } = database;
        const ids = Array.from({ length: 8 }, (_, at) => `projected-${at}`);
        for (const id of ids) await eventStore.append(id, [requested(), completed()]);
        await relayAll(database);
        let moved = 0;
        const mover = async () => {
          for (let round = 0; round < 6; round++) {
            const { processes } = await move(3);
            moved += processes;
          }
        };
        const projectors = ids.flatMap((id) => [1, 2, 3].map(() => processStore.project(id)));
        await Promise.all([mover(), ...projectors, mover()]);
        const { processes } = await move();
        moved += processes;
        expect(moved).toBe(ids.length);
        expect((await database.knex('process_store')).length).toBe(0);
      });
    });
  },
);
