import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { percentiles } from '../../../domain/rollups/histogram.ts';
import { add, deltasOf, noMeasures, STEP_GRAINS } from '../../../domain/rollups/rollup.ts';
import { rollupEvents } from '../../../domain/rollups/rollup-events.ts';
import { rollupLag } from '../../../domain/rollups/rollup-lag.ts';
import type { RollupStore } from '../../../domain/rollups/rollups.ts';
import { verifyRollups } from '../../../domain/rollups/verify-rollups.ts';
import { measuresOf } from '../../../infrastructure/sql/rollup-rows.ts';
import * as longerBuckets from '../../../migrations/0011-longer-buckets.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { randomFrom, requested, stepCompleted, stepFailed } from '../../support/events.ts';
import { writeStreams } from '../../support/rollup-load.ts';
import { expectExact, foundRows, rollUp } from '../../support/rollups.ts';

const SIZES = { SQLite: 120, 'SQL Server': 24 } as const;
const kinds = databaseKinds().map((kind) => ({ ...kind, streams: SIZES[kind.name] }));

describe.each(kinds)('the rollups on $name', (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await kind.open();
    });
    afterAll(() => database?.destroy());

    it('are empty when there are no events', async () => {
      expect(await rollUp(database)).toEqual({ batches: 0, events: 0 });
      await expectExact(database);
    });

    it('count every event once: retried, cancelled, archived, late ones', async () => {
      const random = randomFrom(1);
      const ids = Array.from({ length: kind.streams }, (_, at) => `stream-${at}`);
      await writeStreams(database, ids.slice(0, kind.streams / 2), random);
      await rollUp(database, 37);
      await expectExact(database);
      await writeStreams(database, ids.slice(kind.streams / 2), random);
      expect(await database.knex('event_log_archive').first()).toBeDefined();
      expect((await rollUp(database, 37)).batches).toBeGreaterThan(1);
      await expectExact(database);
      expect((await rollUp(database)).events, 'nothing is new').toBe(0);
      await expectExact(database);
    });

    it('count a batch once that comes twice', async () => {
      await database.eventStore.append('twice', [requested(), stepFailed('twice', 1)]);
      const { generation, position: from } = await database.rollups.state();
      const { items, lookedTo: to } = await database.rollupSource.page(from, 100);
      const batch = {
        ...deltasOf(items),
        ...{ generation, from, to, rolledUpTo: items.at(-1)?.createdAt ?? null },
      };
      expect(await database.rollups.apply(batch)).toBe(true);
      expect(await database.rollups.apply(batch)).toBe(false);
      await expectExact(database);
    });

    it('count once what several runs work on at a time', async () => {
      await writeStreams(database, ['at-once-1', 'at-once-2', 'at-once-3'], randomFrom(2));
      const runs = await Promise.all([1, 2, 3].map(() => rollUp(database, 5)));
      expect(runs.reduce((sum, { events }) => sum + events, 0)).toBeGreaterThan(10);
      await expectExact(database);
    });

    it('are right when the answer to a commit is lost and the batch comes again', async () => {
      await writeStreams(database, ['lost-1', 'lost-2'], randomFrom(3));
      const store: RollupStore = {
        ...database.rollups,
        async apply(batch) {
          await database.rollups.apply(batch);
          return database.rollups.apply(batch);
        },
      };
      const source = database.rollupSource;
      await rollupEvents({ source, store }, { batch: 7 }, new AbortController().signal);
      await expectExact(database);
    });

    it('have the longer buckets of a release before them after its migration', async () => {
      const { knex } = database;
      await longerBuckets.down(knex);
      expect((await foundRows(database)).size).toBeGreaterThan(0);
      await longerBuckets.up(knex);
      await expectExact(database);
    });

    it('keep 100 error messages of a step in a bucket apart, whatever the batches', async () => {
      const message = (at: number) => `order ${at % 130} is unknown`;
      for (let at = 0; at < 160; at += 40) {
        await database.eventStore.append(
          'messages',
          Array.from({ length: 40 }, (_, i) => {
            const event = stepFailed(`m-${at + i}`, 1);
            if (event.type !== 'step-failed') throw new Error('no failure');
            const step = { name: 'unlike', number: 1 };
            return { ...event, step, data: { ...event.data, message: message(at + i) } };
          }),
        );
      }
      await rollUp(database, 33);
      await expectExact(database);
      const rows = await database.knex('step_rollup').where({ step_name: 'unlike', grain: 1440 });
      const days = new Set(rows.map(({ bucket_start: day }) => String(day))).size;
      if (days > 1) return; // Midnight came in between.
      expect(rows).toHaveLength(101);
      const other = rows.find(({ error_key: key }) => key === 'other');
      expect(other).toMatchObject({ error_message: '(other messages)' });
      // 30 messages came after the first 100, and none of them twice; the last 30 are of the first.
      expect(Number(other.event_count)).toBe(30);
    });

    it('have coarser buckets that are the sum of the finer ones', async () => {
      const rows = [...(await foundRows(database))].map(([key, row]) => ({
        key: JSON.parse(key) as [string, number, string, ...string[]],
        row,
      }));
      for (const table of ['step', 'process']) {
        const sums = new Map<number, number>();
        for (const { key, row } of rows) {
          if (key[0] === table) sums.set(key[1], (sums.get(key[1]) ?? 0) + row.event_count);
        }
        expect(sums.size).toBe(table === 'step' ? 5 : 6);
        expect(new Set(sums.values()).size, table).toBe(1);
      }
    });

    it('give percentiles within 2 % of exact when buckets are merged', async () => {
      const exact = (
        await Promise.all(
          ['event_log', 'event_log_archive'].map((table) =>
            database
              .knex(table)
              .whereNotNull('execution_time')
              .whereIn('event_type', ['step-completed', 'step-failed'])
              .pluck('execution_time'),
          ),
        )
      )
        .flat()
        .map(Number)
        .sort((a, b) => a - b);
      for (const grain of STEP_GRAINS) {
        const merged = noMeasures();
        for (const row of await database.knex('step_rollup').where({ grain })) {
          add(merged, measuresOf(row));
        }
        expect(merged.timedCount).toBe(exact.length);
        for (const rank of [0.5, 0.95, 0.99]) {
          const wanted = exact[Math.ceil(rank * exact.length) - 1] ?? 0;
          const [found] = percentiles(merged.histogram, [rank]);
          expect(Math.abs((found ?? 0) - wanted) / wanted, `p${rank}`).toBeLessThan(0.02);
        }
      }
    });

    it('say how far they are behind', async () => {
      const lag = () =>
        rollupLag({
          store: database.rollups,
          source: database.rollupSource,
          clock: () => Date.now() + 60_000,
        });
      expect(await lag()).toEqual({ events: 0, ms: 0 });
      await database.eventStore.append('behind', [requested(), stepCompleted('behind')]);
      const { events, ms } = await lag();
      expect(events).toBe(2);
      expect(ms).toBeGreaterThan(50_000);
      await rollUp(database);
      expect(await lag()).toEqual({ events: 0, ms: 0 });
    });

    it('stop between two batches when they are told to', async () => {
      await writeStreams(database, ['stopped-1', 'stopped-2', 'stopped-3'], randomFrom(4));
      const stop = new AbortController();
      const { rollups: store, rollupSource: source } = database;
      const totals = await rollupEvents({ source, store }, { batch: 2 }, stop.signal, () =>
        stop.abort(),
      );
      expect(totals).toEqual({ batches: 1, events: 2 });
      await rollUp(database);
      await expectExact(database);
    });

    it('are verified against the events: missing counts and inconsistent bucket sizes are found', async () => {
      const check = () => verifyRollups(database.rollupCheck);
      const { events, ...rest } = await check();
      expect(events).toBeGreaterThan(50);
      expect(rest).toEqual({ purged: 0, differences: [] });
      const row = database.knex('step_rollup').where({ grain: 60, status: 'ok' });
      const [{ event_count: count }] = await row.clone().select('event_count');
      await row.clone().update({ event_count: 0 });
      const { differences } = await check();
      expect(differences.length).toBeGreaterThan(0);
      for (const one of differences) {
        expect(one).toMatchObject({ eventType: 'step-completed', grain: 60 });
        expect(one.counted).toBeLessThan(one.events);
      }
      expect(Number(count)).toBeGreaterThan(0);
      await database.knex('rollup_state').update({ position: 0 });
      await database.knex('step_rollup').del();
      await database.knex('process_rollup').del();
      await rollUp(database);
      expect((await check()).differences).toEqual([]);
      // What is counted and there no more was purged.
      await database.knex('event_log_archive').where({ event_type: 'step-completed' }).del();
      expect((await check()).purged).toBeGreaterThan(0);
      expect((await check()).differences).toEqual([]);
    });
  });
});
