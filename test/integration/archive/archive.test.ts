import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ArchiveCursor } from '../../../domain/archive/archive.ts';
import { EVENT_COLUMNS, PROCESS_COLUMNS } from '../../../infrastructure/sql/columns.ts';
import {
  archivedState,
  emptyAfterwards,
  endedProcess,
  moveBatch,
  partitionsOf,
  relayAll,
  soon,
  withoutArchivedAt,
} from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { requested, stepCompleted } from '../../support/events.ts';

describe.each(databaseKinds())('moving to the archive on $name', ({ name, available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open();
    });
    afterEach(() => emptyAfterwards(database));
    afterAll(() => database?.destroy());

    const read = (id: string) => database.eventStore.readStream(id);
    const move = (limit = 100) => moveBatch(database, limit);
    const nothing = { processes: 0, events: 0 };

    it('G8: takes an ended process with all its events, which reads as before', async () => {
      await endedProcess(database, 'whole');
      const [before, row] = [await read('whole'), await database.processStore.get('whole')];
      expect(await move()).toEqual({ processes: 1, events: 4 });
      const after = await read('whole');
      expect(after.map(withoutArchivedAt)).toEqual(before);
      for (const { archivedAt } of after) {
        expect(Math.abs(Date.parse(archivedAt ?? '') - Date.now())).toBeLessThan(60_000);
      }
      expect(await archivedState(database, 'whole')).toEqual(row);
      expect(await database.processStore.get('whole')).toBeNull();
      expect((await partitionsOf(database)).get('whole')).toMatchObject({
        events: { live: [], archived: [1, 2, 3, 4] },
        row: { live: false, archived: true },
      });
      expect(await move()).toEqual(nothing);
    });

    it('G8: leaves a pending process, and one that changed since', async () => {
      const { eventStore, processStore, archive } = database;
      await endedProcess(database, 'recent');
      await eventStore.append('pending', [requested(), stepCompleted('p')]);
      await processStore.project('pending');
      await relayAll(database);
      const { updatedAt } = (await processStore.get('recent')) ?? { updatedAt: '' };
      expect(await archive.moveBatch({ endedBefore: updatedAt, limit: 10 })).toMatchObject(nothing);
      const after = new Date(Date.parse(updatedAt) + 1).toISOString();
      expect(await archive.moveBatch({ endedBefore: after, limit: 10 })).toMatchObject({
        processes: 1,
      });
      expect(await move()).toEqual(nothing);
      expect(await processStore.get('pending')).toMatchObject({ status: 'pending' });
    });

    it('G8: leaves a process that has an event to publish or to project', async () => {
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

    it('takes those first that were changed least recently, no more than it is asked for', async () => {
      for (const id of ['first', 'second', 'third']) {
        await endedProcess(database, id);
        const rows = database.knex('process_store').where({ correlation_id: id });
        await rows.update({
          updated_at: `2026-01-0${['third', 'first', 'second'].indexOf(id) + 1}`,
        });
      }
      expect(await move(2)).toEqual({ processes: 2, events: 8 });
      expect((await partitionsOf(database)).get('second')?.row.live).toBe(true);
    });

    it('continues after a batch, past those that changed at the same time or may not move', async () => {
      const { eventStore, processStore, archive, knex } = database;
      const ids = ['e', 'b', 'a', 'd', 'c'];
      for (const id of ids) await endedProcess(database, id);
      await eventStore.append('a', [stepCompleted('not-projected')]);
      await relayAll(database);
      await eventStore.append('old-but-pending', [requested()]);
      await processStore.project('old-but-pending');
      await relayAll(database);
      await knex('process_store').update({ updated_at: '2026-01-01T00:00:00.001Z' });
      const moved: string[] = [];
      let after: ArchiveCursor | undefined;
      for (;;) {
        const batch = await archive.moveBatch({ endedBefore: soon(), limit: 2, after });
        const rows = await knex('process_store_archive').select('correlation_id');
        moved.push(
          rows
            .map((row) => row.correlation_id)
            .sort()
            .join(''),
        );
        if (!batch.next) break;
        after = batch.next;
      }
      expect(moved).toEqual(['bc', 'bcde', 'bcde']);
      await processStore.project('a');
      await knex('process_store').update({ updated_at: '2026-01-01T00:00:00.001Z' });
      const again = await archive.moveBatch({ endedBefore: soon(), limit: 2, after });
      expect(again.processes, 'what is before the cursor is skipped').toBe(0);
      expect(await move()).toEqual({ processes: 1, events: 5 });
    });

    it('reports how long a batch took, and whether others have written since', async () => {
      const { archive, eventStore } = database;
      const next = () => archive.moveBatch({ endedBefore: soon(), limit: 1 });
      for (const id of ['one', 'two', 'three']) await endedProcess(database, id);
      const first = await next();
      expect(first.ms).toBeGreaterThan(0);
      const second = await next();
      expect(second.newestEvent).toBe(first.newestEvent);
      const { events } = await eventStore.append('live', [requested()]);
      expect((await next()).newestEvent).toBe(events[0]?.id);
    });

    it('reports the bytes of text that would move, and no others', async () => {
      const { archive, eventStore, processStore, knex } = database;
      expect(await archive.previewBytes(soon())).toBe(0);
      await endedProcess(database, 'a', requested('a-key-with-ä'));
      await eventStore.append('pending', [requested('x'.repeat(200))]);
      await processStore.project('pending');
      const rows = [
        await knex('process_store')
          .where({ correlation_id: 'a' })
          .first(...PROCESS_COLUMNS),
        ...(await knex('event_log')
          .where({ correlation_id: 'a' })
          .select(...EVENT_COLUMNS)),
      ];
      const texts: unknown[] = rows.flatMap((row) => Object.values(row));
      const bytes = texts.reduce<number>((sum, value) => sum + bytesOf(value), 0);
      const previewed = await archive.previewBytes(soon());
      // SQL Server keeps a character of most of them in two bytes, and a time in seven or eight.
      expect(previewed).toBeGreaterThanOrEqual(bytes);
      expect(previewed).toBeLessThanOrEqual(
        name === 'SQLite' ? bytes : 2 * bytes + 8 * texts.length,
      );
    });

    it('makes a batch of fewer processes when their streams are long', async () => {
      const { knex, processStore } = database;
      for (const id of ['long-1', 'long-2']) {
        await endedProcess(database, id);
        const columns = EVENT_COLUMNS.filter((name) => name !== 'version' && name !== 'dedupe_key');
        for (let length = 4; length < 2_200; length *= 2) {
          await knex.raw(
            `INSERT INTO event_log (version, ${columns.join(', ')})
             SELECT version + ${length}, ${columns.join(', ')} FROM event_log WHERE correlation_id = '${id}'`,
          );
        }
        await processStore.project(id);
      }
      expect(await move()).toEqual({ processes: 1, events: 4_096 });
      expect(await move()).toEqual({ processes: 1, events: 4_096 });
    });

    it('reports what would move, and moves nothing', async () => {
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
      expect((await partitionsOf(database)).get('a')?.row).toEqual({
        live: true,
        archived: false,
      });
    });

    it('tells apart ids that differ in case, and takes any characters of an id', async () => {
      const ids = ['Case', 'case', `it's"\\%_[a]`];
      for (const id of ids) await endedProcess(database, id);
      await database.eventStore.append('case', [stepCompleted('case-2')]);
      expect(await move()).toEqual({ processes: 2, events: 8 });
      expect((await partitionsOf(database)).get('case')?.row.live).toBe(true);
      expect(await read(`it's"\\%_[a]`)).toHaveLength(4);
    });
  });
});

function bytesOf(value: unknown): number {
  if (Buffer.isBuffer(value)) return value.length;
  return typeof value === 'string' ? Buffer.byteLength(value) : 0;
}
