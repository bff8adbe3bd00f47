import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProcessQuestion, StepQuestion, Tally } from '../../../domain/rollups/analytics.ts';
import { type Bucket, boundsOf } from '../../../domain/rollups/buckets.ts';
import {
  type AnalyticsEvent,
  durationIn,
  type Expected,
  expectTally,
  insertEvents,
  isEnd,
  isStep,
  randomStreams,
  tally,
  wallClock,
  within,
} from '../../support/analytics.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { rollUp } from '../../support/rollups.ts';

const PERCENTILES_WITHIN = 0.02;

/** Days around a change of the clocks, and ragged ranges in them. */
const zones: [timeZone: string, from: string, to: string][] = [
  ['UTC', '2026-03-26T22:13:00.001Z', '2026-03-30T13:59:59.999Z'],
  ['Europe/Berlin', '2026-03-27T03:04:05.678Z', '2026-03-30T22:00:00.000Z'],
  ['Europe/Berlin', '2025-10-24T22:00:00.000Z', '2025-10-27T17:31:17.171Z'],
  ['Asia/Kolkata', '2026-03-27T03:04:05.678Z', '2026-03-30T21:07:08.009Z'],
  ['America/St_Johns', '2026-03-07T01:01:01.001Z', '2026-03-09T23:59:59.999Z'],
  ['Australia/Lord_Howe', '2026-04-03T20:20:20.020Z', '2026-04-06T18:00:00.000Z'],
  ['Australia/Lord_Howe', '2025-10-03T20:20:20.020Z', '2025-10-06T18:00:00.000Z'],
];

const events = ['2025-10-03', '2025-10-24', '2026-03-06', '2026-03-26', '2026-04-03'].flatMap(
  (day, seed) =>
    randomStreams({
      seed,
      from: Date.parse(`${day}T00:00:00.000Z`),
      to: Date.parse(`${day}T00:00:00.000Z`) + 5 * 86_400_000,
      streams: 110,
      name: `rollups-${seed}`,
    }),
);
const latest = events
  .map(({ created_at }) => created_at)
  .sort()
  .at(-1) as string;
const ENDS = ['process-completed', 'process-failed', 'process-cancelled'] as const;
const stepName = ({ process_name, step_name, status }: AnalyticsEvent): string =>
  `${process_name}|${step_name}|${status}`;
const executionTime = ({ execution_time }: AnalyticsEvent): number | null => execution_time;

describe.each(databaseKinds())('analytics from rollups on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open();
      await insertEvents(database, events);
      await rollUp(database, 500);
    });
    afterAll(() => database?.destroy());

    async function steps(question: Omit<StepQuestion, 'exact'>) {
      const { tallies, ...made } = await database.analytics.steps({ ...question, exact: false });
      expect(made).toMatchObject({ source: 'rollups', eventsBehind: 0 });
      return tallies;
    }

    async function processes(question: Omit<ProcessQuestion, 'exact'>) {
      const answer = await database.analytics.processes({ ...question, exact: false });
      expect(answer).toMatchObject({ source: 'rollups', eventsBehind: 0 });
      return answer.tallies;
    }

    function expectAll<Group extends string>(
      tallies: readonly Tally<Group>[],
      expected: ReadonlyMap<string, Expected>,
      nameOf: (tally: Tally<Group>) => string,
      errors = true,
    ): void {
      expect(tallies.map(nameOf).sort()).toEqual([...expected.keys()].sort());
      for (const found of tallies) {
        const numbers = errors ? found : { ...found, errors: undefined };
        expectTally(numbers as never, expected.get(nameOf(found)), PERCENTILES_WITHIN);
      }
    }

    it.each(zones)('answer for all of a range: %s, %s to %s', async (_, from, to) => {
      const bounds = [Date.parse(from), Date.parse(to)];
      const inRange = within(events, from, to);
      expectAll(
        await steps({ bounds, groupBy: ['process', 'step', 'status'] }),
        tally(inRange.filter(isStep), stepName, executionTime),
        ({ group }) => `${group.process}|${group.step}|${group.status}`,
      );
      expectAll(
        await steps({ bounds, groupBy: ['errorMessage'] }),
        tally(
          inRange.filter((event) => isStep(event) && event.status === 'error'),
          ({ error_message }) => error_message ?? '',
          executionTime,
        ),
        ({ group }) => group.errorMessage,
      );
      expectAll(
        await processes({
          bounds,
          groupBy: ['process', 'eventType'],
          types: ENDS,
          durations: true,
        }),
        tally(
          inRange.filter(isEnd),
          ({ process_name, event_type }) => `${process_name}|${event_type}`,
          durationIn(events),
        ),
        ({ group }) => `${group.process}|${group.eventType}`,
        false,
      );
    });

    it.each(
      zones.flatMap(([timeZone, from, to]) =>
        (['day', 'hour'] as const).map((bucket) => [bucket, timeZone, from, to] as const),
      ),
    )('answer for each %s of the clock in %s: %s to %s', async (bucket, timeZone, from, to) => {
      const bounds = boundsOf(Date.parse(from), Date.parse(to), bucket as Bucket, timeZone);
      const clock = wallClock(timeZone, bucket);
      const clockOf = ({ slice }: { slice: number }): string =>
        clock(new Date(bounds[slice] as number).toISOString());
      const inRange = within(events, from, to);
      expectAll(
        await steps({ bounds, groupBy: ['targetSystem'] }),
        tally(
          inRange.filter(isStep),
          ({ created_at, target_system }) => `${clock(created_at)}|${target_system ?? ''}`,
          executionTime,
        ),
        (found) => `${clockOf(found)}|${found.group.targetSystem}`,
      );
      expectAll(
        await processes({ bounds, groupBy: ['process'], types: ENDS, durations: true }),
        tally(
          inRange.filter(isEnd),
          ({ created_at, process_name }) => `${clock(created_at)}|${process_name}`,
          durationIn(events),
        ),
        (found) => `${clockOf(found)}|${found.group.process}`,
        false,
      );
    });

    it('filter by process, step, target system and status', async () => {
      const [, from, to] = zones[0] as (typeof zones)[0];
      const tallies = await steps({
        bounds: [Date.parse(from), Date.parse(to)],
        groupBy: ['step'],
        processes: ['fulfil-order'],
        steps: ['check', 'prepare'],
        targetSystems: ['', 'Alpha'],
        statuses: ['error'],
      });
      const expected = tally(
        within(events, from, to).filter(
          (event) =>
            isStep(event) &&
            event.process_name === 'fulfil-order' &&
            ['check', 'prepare'].includes(event.step_name) &&
            [null, 'Alpha'].includes(event.target_system) &&
            event.status === 'error',
        ),
        ({ step_name }) => step_name,
        executionTime,
      );
      expect(expected.size).toBe(2);
      expectAll(tallies, expected, ({ group }) => group.step);
    });

    it.each([
      ['ends at the last event, which is not in it', Date.parse(latest)],
      ['ends right behind the last event', Date.parse(latest) + 1],
      ['ends long after the last event', Date.parse(latest) + 3 * 86_400_000],
      ['ends now', Date.now()],
    ])('take no event twice and none too many in a range that %s', async (_, to) => {
      const from = '2026-04-03T12:34:56.789Z';
      const inRange = within(events, from, new Date(to).toISOString());
      expectAll(
        await steps({ bounds: [Date.parse(from), to], groupBy: ['process', 'step', 'status'] }),
        tally(inRange.filter(isStep), stepName, executionTime),
        ({ group }) => `${group.process}|${group.step}|${group.status}`,
      );
    });

    it('count what is written after the rollups as behind', async () => {
      const to = Date.parse('2026-05-01T00:00:00Z');
      const question = { bounds: [0, to], groupBy: ['process'] as const, exact: false };
      const before = await database.analytics.steps(question);
      await insertEvents(
        database,
        randomStreams({
          seed: 99,
          from: Date.parse('2026-04-20T00:00:00Z'),
          to: Date.parse('2026-04-20T00:00:00Z'),
          streams: 1,
          name: 'late',
        }).map((event) => ({ ...event, correlation_id: 'live-late' })),
      );
      const after = await database.analytics.steps(question);
      expect(after.tallies).toEqual(before.tallies);
      expect(after.asOf).toBe(before.asOf);
      expect(after.eventsBehind).toBeGreaterThan(1);
      await rollUp(database, 500);
      expect((await database.analytics.steps(question)).eventsBehind).toBe(0);
    });
  });
});
