import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fold } from '../../../domain/process/process-state.ts';
import {
  emptyTables,
  endedProcess,
  expectFolded,
  expectWhollyInOnePartition,
  moveBatch,
  partitionsOf,
  relayAll,
  soon,
  withoutArchivedAt,
} from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { broken, requested, retried, stepCompleted } from '../../support/events.ts';

const TABLES = ['event_log', 'process_store', 'process_identifier'].flatMap((table) => [
  table,
  `${table}_archive`,
]);

describe.each(databaseKinds())('a restore from the archive on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open();
    });
    afterEach(() => emptyTables(database));
    afterAll(() => database?.destroy());

    const read = (id: string) => database.eventStore.readStream(id);
    const move = (endedBefore = soon()) => moveBatch(database, 100, endedBefore);
    const restore = (id: string) => database.archive.restore(id);
    const rowsOf = (table: string, id: string) => database.knex(table).where('correlation_id', id);
    /** An archived process, as it was before. */
    const archived = async (id: string) => {
      await endedProcess(database, id);
      const before = {
        events: await rowsOf('event_log', id),
        row: await rowsOf('process_store', id),
      };
      await move();
      return before;
    };

    it('G8: brings every row back unchanged, and the process reads and runs as before', async () => {
      const before = await archived('back');
      await archived('other');
      expect(await restore('back')).toBe('restored');
      expect(await rowsOf('event_log', 'back')).toEqual(before.events);
      const [row] = await rowsOf('process_store', 'back');
      const { restored_at, ...rest } = row;
      expect([{ ...rest, restored_at: null }]).toEqual(before.row);
      expect(Math.abs(new Date(restored_at).getTime() - Date.now())).toBeLessThan(60_000);
      expect((await partitionsOf(database)).get('back')?.row).toEqual({
        live: true,
        archived: false,
      });
      expect((await partitionsOf(database)).get('other')?.row).toEqual({
        live: false,
        archived: true,
      });
      const { events } = await database.eventStore.append('back', [stepCompleted('late')]);
      expect(events[0]).toMatchObject({ version: 5 });
      expect(events[0]?.archivedAt).toBeUndefined();
      expect(BigInt(events[0]?.id ?? 0)).toBeGreaterThan(BigInt(before.events.at(-1).id) + 4n);
      await database.processStore.project('back');
      await expectFolded(database, 'back');
      await expectWhollyInOnePartition(database);
    });

    it('G8: keeps the process live for as long as one that ended now, which then moves again', async () => {
      await archived('stays');
      const before = new Date(Date.now() - 1).toISOString();
      await restore('stays');
      expect(await move(before)).toMatchObject({ processes: 0, events: 0 });
      expect(await database.archive.preview(before)).toMatchObject({ processes: 0 });
      expect(await database.archive.preview(soon())).toMatchObject({ processes: 1, events: 4 });
      expect(await move()).toMatchObject({ processes: 1, events: 4 });
      expect(await restore('stays')).toBe('restored');
    });

    it('names what is not archived, and leaves it', async () => {
      await archived('Case');
      await endedProcess(database, 'live');
      expect(await restore('live')).toBe('live');
      expect(await restore('never')).toBe('unknown');
      expect(await restore('case')).toBe('unknown');
      expect(await restore('Case')).toBe('restored');
      expect(await restore('Case')).toBe('restored-before');
      await expectWhollyInOnePartition(database);
    });

    it('G8: leaves a damaged process as it is, and loses nothing of it', async () => {
      const columns = (row: object, without: string) =>
        Object.fromEntries(Object.entries(row).filter(([name]) => name !== without));
      await archived('twice');
      const [row] = await rowsOf('process_store_archive', 'twice');
      await database.knex('process_store').insert(columns(row, 'archived_at'));
      await archived('rowless');
      await rowsOf('process_store_archive', 'rowless').del();
      await archived('eventless');
      await rowsOf('event_log_archive', 'eventless').del();
      // A live event has the key of an archived one: the two could not stand side by side.
      await archived('key');
      await database.eventStore.append('thief', [requested()]);
      await database.eventStore.append('thief', [stepCompleted('task-of-key')]);
      const all = () => Promise.all(TABLES.map((table) => database.knex(table)));
      const before = await all();
      for (const id of ['twice', 'rowless', 'eventless', 'key']) {
        expect(await restore(id), id).toBe('damaged');
      }
      expect(await all()).toEqual(before);
    });

    it('G3: lets late events be published and projected afterwards, too', async () => {
      const { eventStore, outbox, processStore } = database;
      await archived('late');
      const { events } = await eventStore.append('late', [stepCompleted('t-1')]);
      expect(await restore('late')).toBe('restored');
      // Not archived again before it is published.
      expect(await move()).toMatchObject({ processes: 0, events: 0 });
      const rows = await outbox.claim(10, 0);
      expect(rows.map(({ eventId }) => eventId)).toEqual(events.map(({ id }) => id));
      expect(await processStore.project('late')).toMatchObject({ version: 5 });
      await expectFolded(database, 'late');
    });

    it('lets a failed process be retried', async () => {
      const { eventStore, processStore } = database;
      await eventStore.append('failed', [requested(), broken()]);
      await processStore.project('failed');
      await relayAll(database);
      await move();
      await restore('failed');
      await eventStore.append('failed', [retried()], { expectedVersion: 2 });
      expect(await processStore.project('failed')).toMatchObject({ status: 'pending' });
      await relayAll(database);
      expect(await move()).toMatchObject({ processes: 0, events: 0 });
    });

    it('G3, G7, G8: meets other restores, moves, events and reads, which lose nothing and see all', async () => {
      const { eventStore, processStore } = database;
      const ids = Array.from({ length: 3 }, (_, at) => `met-${at}`);
      const before = new Map<string, unknown>();
      for (const id of ids) {
        await archived(id);
        before.set(id, (await read(id)).map(withoutArchivedAt));
      }
      let going = true;
      const seen: number[] = [];
      const reader = async () => {
        for (; going; await nextTurn()) {
          for (const id of ids) seen.push((await read(id)).length);
        }
      };
      const restorers = async () => {
        for (let round = 0; round < 3; round++) await Promise.all(ids.map(restore));
      };
      const mover = async () => {
        for (let round = 0; round < 6; round++) await move();
      };
      const writers = ids.map(async (id) => {
        for (const at of [1, 2]) await eventStore.append(id, [stepCompleted(`${id}-late-${at}`)]);
      });
      const readers = [reader()];
      await Promise.all([restorers(), mover(), ...writers, restorers()]);
      going = false;
      await Promise.all(readers);
      expect(Math.min(...seen)).toBeGreaterThanOrEqual(4);
      await relayAll(database);
      for (const id of ids) {
        await processStore.project(id);
        const stream = await read(id);
        expect(stream.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6]);
        expect(stream.slice(0, 4).map(withoutArchivedAt)).toEqual(before.get(id));
        expect(fold(stream)).toMatchObject({ status: 'ok', version: 6 });
        await expectFolded(database, id);
      }
      await expectWhollyInOnePartition(database);
    });
  });
});
