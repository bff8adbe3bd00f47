import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeedFilter } from '../../../domain/feed/event-feed.ts';
import { endedProcess, moveBatch } from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { requested } from '../../support/events.ts';
import { readFeed } from '../../support/feed-reader.ts';

/** More positions than one look covers. */
const GAP = 30_000;
const EVENTS = 24;
const at = (minute: number): string => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();

describe.each(databaseKinds())('time ranges of the feed on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    /** Minute of each event in the order of the positions: the clocks that wrote them differ. */
    const minutes: number[] = [];
    beforeAll(async () => {
      database = await open();
      for (let nth = 0; nth < EVENTS; nth++) await append(nth + ((nth * 7) % 5) * 3);
    });
    afterAll(() => database?.destroy());

    /** Appends an event of that minute, far behind the one before. */
    async function append(minute: number): Promise<void> {
      const { kind, knex, eventFeed, eventStore } = database;
      await eventFeed.head();
      if (kind === 'mssql') await knex.raw(`UPDATE feed_head SET position = position + ${GAP}`);
      else await knex.raw(`UPDATE sqlite_sequence SET seq = seq + ${GAP} WHERE name = 'event_log'`);
      const [event] = (await eventStore.append(`m-${minutes.length}`, [requested()])).events;
      const time = kind === 'mssql' ? at(minute).replace('Z', '') : at(minute);
      await knex('event_log').where({ id: event?.id }).update({ created_at: time });
      minutes.push(minute);
    }

    async function minutesOf(filter: FeedFilter, after = '0') {
      const read = await readFeed(database, { filter, limit: 2, archived: true, after });
      const found = read.events.map(
        ({ event }) => (Date.parse(event.createdAt) - Date.parse(at(0))) / 60_000,
      );
      return { ...read, found };
    }

    it('G9: leave out no event, wherever it is', async () => {
      for (const [from, to] of [
        [0, 1],
        [3, 9],
        [10, 11],
        [12, 30],
        [34, 36],
        [60, 70],
        [0, 100],
        [9, 9],
      ] as const) {
        const expected = minutes.filter((minute) => minute >= from && minute < to);
        for (const _ of ['at first', 'known']) {
          const { found } = await minutesOf({ from: at(from), to: at(to) });
          expect(found, `${from} to ${to}`).toEqual(expected);
        }
        const { found } = await minutesOf({ from: at(from) });
        expect(found, `from ${from}`).toEqual(minutes.filter((minute) => minute >= from));
        const before = await minutesOf({ to: at(to) });
        expect(before.found, `to ${to}`).toEqual(minutes.filter((minute) => minute < to));
      }
    });

    it('are found far away without reading all in between', async () => {
      const last = Math.max(...minutes);
      const late = { from: at(last), to: at(last + 1) };
      expect((await minutesOf(late)).pages).toBeLessThan(8);
      expect((await minutesOf(late)).pages).toBeLessThan(5);
      expect((await minutesOf({ to: at(1) })).pages).toBeLessThan(8);
    });

    it('G9: give an event of an old time that is committed late to those who know the range', async () => {
      const filter = { from: at(0), to: at(3) };
      const { position, found } = await minutesOf(filter);
      await append(2);
      expect((await minutesOf(filter, position)).found).toEqual([2]);
      expect((await minutesOf(filter)).found).toEqual([...found, 2]);
    });

    it('G9: find an archived event by its time, and again when it is restored', async () => {
      await endedProcess(database, 'moves');
      await moveBatch(database, 10);
      const filter = { from: '2026-01-02T00:00:00.000Z' };
      const idsOf = async (archived: boolean) =>
        (await readFeed(database, { filter, archived })).events.map(({ event }) => event.version);
      expect(await idsOf(true)).toEqual([1, 2, 3, 4]);
      expect(await idsOf(false)).toEqual([]);
      expect(await database.archive.restore('moves')).toBe('restored');
      expect(await idsOf(false)).toEqual([1, 2, 3, 4]);
      expect(await idsOf(true)).toEqual([1, 2, 3, 4]);
    });
  });
});
