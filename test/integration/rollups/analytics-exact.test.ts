import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StepGrouping } from '../../../domain/rollups/analytics.ts';
import {
  type AnalyticsEvent,
  durationIn,
  expectTally,
  insertEvents,
  isEnd,
  isStep,
  randomStreams,
  tally,
  within,
} from '../../support/analytics.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';

const [FROM, TO] = ['2026-03-27T00:00:00.000Z', '2026-03-31T00:00:00.000Z'];
const events = randomStreams({
  seed: 1,
  from: Date.parse(FROM),
  to: Date.parse(TO),
  streams: 300,
  name: 'exact',
});

const NAMES: Record<StepGrouping, (event: AnalyticsEvent) => string | null> = {
  process: ({ process_name }) => process_name,
  step: ({ step_name }) => step_name,
  targetSystem: ({ target_system }) => target_system,
  status: ({ status }) => status,
  errorMessage: ({ error_message }) => error_message,
};

describe.each(databaseKinds())('exact analytics on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open();
      await insertEvents(database, events);
    });
    afterAll(() => database?.destroy());

    const ragged = ['2026-03-27T05:07:11.123Z', '2026-03-30T17:52:00.001Z'] as const;
    const bounds = (from: string, to: string) => [Date.parse(from), Date.parse(to)];

    it.each<StepGrouping[]>([
      ['process', 'step'],
      ['targetSystem'],
      ['status', 'targetSystem', 'process'],
    ])('count steps by %s %s %s', async (...given) => {
      const groupBy = given.filter(Boolean);
      const { source, tallies, eventsBehind } = await database.analytics.steps({
        bounds: bounds(...ragged),
        groupBy,
        exact: true,
      });
      expect({ source, eventsBehind }).toEqual({ source: 'events', eventsBehind: 0 });
      const expected = tally(
        within(events, ...ragged).filter(isStep),
        (event) => groupBy.map((group) => NAMES[group](event) ?? '').join('|'),
        ({ execution_time }) => execution_time,
      );
      expect(expected.size).toBeGreaterThan(1);
      expect(tallies.length).toBe(expected.size);
      for (const { group, ...found } of tallies) {
        const name = groupBy.map((part) => group[part]).join('|');
        expectTally(found, expected.get(name), 0);
      }
    });

    it('count error messages apart that differ in one letter, and no successes', async () => {
      const { tallies } = await database.analytics.steps({
        bounds: bounds(FROM, '2027-01-01T00:00:00Z'),
        groupBy: ['errorMessage'],
        exact: true,
      });
      const failures = events.filter(({ event_type }) => event_type === 'step-failed');
      const expected = tally(
        failures,
        ({ error_message }) => error_message ?? '',
        ({ execution_time }) => execution_time,
      );
      expect(tallies.map(({ group }) => group.errorMessage).sort()).toEqual(
        [...expected.keys()].sort(),
      );
      for (const { group, ...found } of tallies) {
        expectTally(found, expected.get(group.errorMessage), 0);
      }
    });

    it('filter by what is asked for, target systems that are not there included', async () => {
      const { tallies } = await database.analytics.steps({
        bounds: bounds(...ragged),
        groupBy: ['step'],
        exact: true,
        processes: ['onboard-user'],
        steps: ['check', 'call'],
        targetSystems: ['', 'Beta'],
        statuses: ['ok'],
      });
      const expected = tally(
        within(events, ...ragged).filter(
          (event) =>
            isStep(event) &&
            event.process_name === 'onboard-user' &&
            ['check', 'call'].includes(event.step_name) &&
            [null, 'Beta'].includes(event.target_system) &&
            event.status === 'ok',
        ),
        ({ step_name }) => step_name,
        ({ execution_time }) => execution_time,
      );
      expect(tallies.length).toBe(2);
      for (const { group, ...found } of tallies) expectTally(found, expected.get(group.step), 0);
    });

    it('measure processes from their request to each of their ends', async () => {
      const { tallies } = await database.analytics.processes({
        bounds: bounds(...ragged),
        groupBy: ['process', 'eventType'],
        types: ['process-completed', 'process-failed', 'process-cancelled'],
        durations: true,
        exact: true,
      });
      const expected = tally(
        within(events, ...ragged).filter(isEnd),
        ({ process_name, event_type }) => `${process_name}|${event_type}`,
        durationIn(events),
      );
      expect(tallies.length).toBe(6);
      for (const { group, errors: _, ...found } of tallies) {
        const wanted = expected.get(`${group.process}|${group.eventType}`);
        expectTally(found, wanted, 0);
      }
    });

    it('put each event into its slice, and one at the end of a slice into the next', async () => {
      const times = within(events, ...ragged).map(({ created_at }) => Date.parse(created_at));
      // Slices that begin and end exactly at events.
      const cuts = [...new Set(times.filter((_, at) => at % 7 === 0))].sort((a, b) => a - b);
      const { tallies } = await database.analytics.processes({
        bounds: cuts,
        groupBy: ['eventType'],
        types: ['process-requested'],
        durations: false,
        exact: true,
      });
      const found = new Map(tallies.map(({ slice, count }) => [slice, count]));
      let total = 0;
      for (let slice = 0; slice + 1 < cuts.length; slice++) {
        const wanted = events.filter(
          ({ event_type, created_at }) =>
            event_type === 'process-requested' &&
            Date.parse(created_at) >= (cuts[slice] as number) &&
            Date.parse(created_at) < (cuts[slice + 1] as number),
        ).length;
        expect(found.get(slice) ?? 0).toBe(wanted);
        total += wanted;
      }
      expect(total).toBeGreaterThan(100);
    });

    it('stop with their caller', async () => {
      const caller = new AbortController();
      const answer = database.analytics.steps(
        { bounds: bounds(...ragged), groupBy: ['step'], exact: true },
        caller.signal,
      );
      caller.abort(new Error('hung up'));
      await expect(answer).rejects.toThrow('hung up');
    });
  });
});
