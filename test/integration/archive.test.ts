import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { StreamArchivedError, VersionConflictError } from '../../domain/errors.ts';
import type { ProcessEvent } from '../../domain/events.ts';
import { fold } from '../../domain/process.ts';
import { EVENT_COLUMNS } from '../../infrastructure/sql/event-row.ts';
import {
  endedProcess,
  expectFolded,
  expectWhollyInOnePlace,
  placesOf,
  relayAll,
  soon,
  withoutPlace,
} from '../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../support/databases.ts';
import {
  broken,
  completed,
  requested,
  retried,
  started,
  stepCompleted,
  stepFailed,
} from '../support/events.ts';

describe.each(databaseKinds())(
  'the archive on $name',
  { timeout: 120_000 },
  ({ available, open }) => {
    describe.skipIf(!available)('when there is one', () => {
      let database: TestDatabase;
      beforeAll(async () => {
        database = await open();
      });
      afterEach(async () => {
        await expectWhollyInOnePlace(database);
        const tables = ['event_log', 'event_log_archive', 'process_store', 'process_store_archive'];
        for (const table of [...tables, 'outbox']) await database.knex(table).del();
      });
      afterAll(() => database?.destroy());

      const read = (id: string) => database.eventStore.readStream(id);
      const move = (limit = 100) => database.archive.moveBatch({ endedBefore: soon(), limit });
      const nothing = { processes: 0, events: 0 };

      it('G8: an ended process moves with all its events, and reads as before', async () => {
        await endedProcess(database, 'whole');
        const [before, row] = [await read('whole'), await database.processStore.get('whole')];
        expect(await move()).toEqual({ processes: 1, events: 4 });
        const after = await read('whole');
        expect(after.map(withoutPlace)).toEqual(before);
        for (const { archivedAt } of after) {
          expect(Math.abs(Date.parse(archivedAt ?? '') - Date.now())).toBeLessThan(60_000);
        }
        expect(await database.archive.findProcess('whole')).toEqual(row);
        expect(await database.processStore.get('whole')).toBeNull();
        expect((await placesOf(database)).get('whole')).toMatchObject({
          events: { live: [], archived: [1, 2, 3, 4] },
          row: { live: false, archived: true },
        });
        expect(await move()).toEqual(nothing);
      });

      it('G8: a pending process stays, and so does one that was changed since', async () => {
        const { eventStore, processStore, archive } = database;
        await endedProcess(database, 'recent');
        await eventStore.append('pending', [requested(), stepCompleted('p')]);
        await processStore.project('pending');
        await relayAll(database);
        const { updatedAt } = (await processStore.get('recent')) ?? { updatedAt: '' };
        expect(await archive.moveBatch({ endedBefore: updatedAt, limit: 10 })).toEqual(nothing);
        const after = new Date(Date.parse(updatedAt) + 1).toISOString();
        expect(await archive.moveBatch({ endedBefore: after, limit: 10 })).toMatchObject({
          processes: 1,
        });
        expect(await move()).toEqual(nothing);
        expect(await processStore.get('pending')).toMatchObject({ status: 'pending' });
      });

      it('G8: a process stays that has an event to publish, or to be projected', async () => {
        const { eventStore, processStore } = database;
        await endedProcess(database, 'late');
        const late = await eventStore.append('late', [stepCompleted('late')]);
        await processStore.project('late');
        expect(await move()).toEqual(nothing);
        await relayAll(database);
        await eventStore.append('late', [stepCompleted('later')]);
        await relayAll(database);
        expect(await move()).toEqual(nothing);
        await processStore.project('late');
        expect(await move()).toEqual({ processes: 1, events: 6 });
        expect(late.events[0]?.version).toBe(5);
      });

      it('moves those first that were changed least recently, no more than it is told', async () => {
        for (const id of ['first', 'second', 'third']) {
          await endedProcess(database, id);
          const rows = database.knex('process_store').where({ correlation_id: id });
          await rows.update({
            updated_at: `2026-01-0${['third', 'first', 'second'].indexOf(id) + 1}`,
          });
        }
        expect(await move(2)).toEqual({ processes: 2, events: 8 });
        expect((await placesOf(database)).get('second')?.row.live).toBe(true);
      });

      it('makes a batch of fewer processes when their streams are long', async () => {
        const { knex, processStore } = database;
        for (const id of ['long-1', 'long-2']) {
          await endedProcess(database, id);
          const columns = EVENT_COLUMNS.filter(
            (name) => name !== 'version' && name !== 'dedupe_key',
          );
          for (let length = 4; length < 1_100; length *= 2) {
            await knex.raw(
              `INSERT INTO event_log (version, ${columns.join(', ')})
             SELECT version + ${length}, ${columns.join(', ')} FROM event_log WHERE correlation_id = '${id}'`,
            );
          }
          await processStore.project(id);
        }
        expect(await move()).toEqual({ processes: 1, events: 2_048 });
        expect(await move()).toEqual({ processes: 1, events: 2_048 });
      });

      it('tells what would move, and moves nothing', async () => {
        const { archive, eventStore, processStore } = database;
        expect(await archive.preview(soon())).toEqual({ ...nothing, oldest: null, newest: null });
        await endedProcess(database, 'a');
        await endedProcess(database, 'b');
        await eventStore.append('pending', [requested()]);
        await processStore.project('pending');
        const [a, b] = [await processStore.get('a'), await processStore.get('b')];
        expect(await archive.preview(soon())).toEqual({
          processes: 2,
          events: 8,
          oldest: a?.updatedAt,
          newest: b?.updatedAt,
        });
        expect((await placesOf(database)).get('a')?.row).toEqual({ live: true, archived: false });
      });

      it('tells apart ids that differ in case, and takes any characters of an id', async () => {
        const ids = ['Case', 'case', `it's"\\%_[a]`];
        for (const id of ids) await endedProcess(database, id);
        await database.eventStore.append('case', [stepCompleted('case-2')]);
        expect(await move()).toEqual({ processes: 2, events: 8 });
        expect((await placesOf(database)).get('case')?.row.live).toBe(true);
        expect(await read(`it's"\\%_[a]`)).toHaveLength(4);
      });

      describe('what is archived', () => {
        const archived = async (id: string, first?: ProcessEvent) => {
          const events = await endedProcess(database, id, first);
          await move();
          return events;
        };

        it('G7: is read in parts, and by the keys of its tasks', async () => {
          await archived('parts');
          const { eventStore } = database;
          const part = await eventStore.readStream('parts', { afterVersion: 1, limit: 2 });
          expect(part.map(({ version }) => version)).toEqual([2, 3]);
          const journal = await eventStore.findByDedupePrefix('task:task-of-parts:');
          expect(journal.map(({ type }) => type)).toEqual(['step-completed']);
        });

        it('G7: is found by its trace, in pages with what is live', async () => {
          const { eventStore } = database;
          await endedProcess(database, 'live-1');
          await database.eventStore.append('live-1', [stepCompleted('more')]);
          await archived('gone');
          await endedProcess(database, 'live-2');
          const found: string[] = [];
          for (let afterId = '0'; ; ) {
            const page = await eventStore.findByTrace('trace-1', { afterId, limit: 3 });
            if (page.length === 0) break;
            found.push(
              ...page.map((e) => `${e.correlationId} ${e.version} ${Boolean(e.archivedAt)}`),
            );
            afterId = page.at(-1)?.id ?? '';
          }
          const of = (id: string, count: number, there: boolean, from = 1) =>
            Array.from({ length: count }, (_, at) => `${id} ${at + from} ${there}`);
          expect(found).toEqual([
            ...of('live-1', 5, false),
            ...of('gone', 4, true),
            ...of('live-2', 4, false),
          ]);
        });

        it('G3: a start with its correlation id is a conflict, at its version', async () => {
          await archived('again');
          const append = database.eventStore.append('again', [requested()], { expectedVersion: 0 });
          await expect(append).rejects.toThrow(VersionConflictError);
          await expect(append).rejects.toThrow(
            'stream again is at version 4, not at the expected 0',
          );
        });

        it('G3: a start with its idempotency key gives back its event, whatever the stream', async () => {
          const [first] = await archived('keyed', requested('a-key'));
          await endedProcess(database, 'other');
          for (const id of ['keyed', 'new', 'other']) {
            const again = await database.eventStore.append(id, [requested('a-key')], {
              expectedVersion: 0,
            });
            expect(again.duplicate).toBe(true);
            expect(again.events[0]).toMatchObject({ id: first?.id, correlationId: 'keyed' });
            expect(again.events[0]?.archivedAt).toBeDefined();
          }
        });

        it('G2: a task that was journaled is known, and nothing is written for it', async () => {
          await archived('known');
          const again = await database.eventStore.append('known', [
            stepCompleted('task-of-known'),
            completed(),
          ]);
          expect(again).toMatchObject({ duplicate: true, events: [{ version: 3 }] });
          expect(await read('known')).toHaveLength(4);
        });

        it('G3: what comes late is added to it in the archive, by the next versions', async () => {
          const { eventStore, processStore, outbox, archive } = database;
          const [first] = await archived('later');
          await endedProcess(database, 'bystander');
          const { events, duplicate } = await eventStore.append('later', [
            stepFailed('t', 1),
            started('instance-2'),
          ]);
          expect(duplicate).toBe(false);
          expect(events.map(({ version }) => version)).toEqual([5, 6]);
          const stream = await read('later');
          expect(stream.slice(4)).toEqual(events.map((event) => JSON.parse(JSON.stringify(event))));
          expect(BigInt(stream[5]?.id ?? 0)).toBeGreaterThan(BigInt(first?.id ?? 0) + 5n);
          expect(await archive.findProcess('later')).toEqual(fold(stream));
          expect(fold(stream)).toMatchObject({ status: 'ok', processInstanceId: 'instance-2' });
          // It is published like any other, and the projection leaves it where it is.
          const rows = await outbox.claim(10, 0);
          expect(rows.map(({ eventId }) => eventId)).toEqual(events.map(({ id }) => id));
          expect(await processStore.project('later')).toBeNull();
          await eventStore.append('later', [stepCompleted('t')], { expectedVersion: 6 });
          await expectFolded(database, 'later');
          expect((await placesOf(database)).get('later')?.events.archived).toHaveLength(7);
          expect((await placesOf(database)).get('bystander')?.row.live).toBe(true);
        });
      });

      it('G8: a retry that comes after its process was archived is refused', async () => {
        const { eventStore, processStore } = database;
        await eventStore.append('failed', [requested(), broken()]);
        await processStore.project('failed');
        await relayAll(database);
        await move();
        for (const options of [{ expectedVersion: 2 }, {}]) {
          await expect(eventStore.append('failed', [retried()], options)).rejects.toThrow(
            StreamArchivedError,
          );
        }
        expect(await read('failed')).toHaveLength(2);
      });

      describe('at the same moment', () => {
        it('G8: two movers move each process once', async () => {
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

        it('G3, G8: an event that meets the move of its process is neither lost nor left alone', async () => {
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
          await expectWhollyInOnePlace(database);
        });

        it('G4, G8: a projection that meets the move does not bring the process back', async () => {
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
    });
  },
);
