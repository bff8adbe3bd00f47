import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AnalyticsEvent, insertEvents } from '../../support/analytics.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { rollUp } from '../../support/rollups.ts';

describe.each(databaseKinds())('analytics on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open();
    });
    afterAll(() => database?.destroy());

    it('count nothing after the end of a range, where times do not rise with the positions', async () => {
      const step = (version: number, created_at: string): AnalyticsEvent => ({
        correlation_id: 'out-of-order',
        version,
        event_type: 'step-completed',
        step_name: 'check',
        status: 'ok',
        error_message: null,
        target_system: null,
        process_name: 'onboard-user',
        execution_time: 5,
        created_at,
      });
      await insertEvents(database, [
        step(1, '2026-03-01T10:20:00.000Z'),
        step(2, '2026-03-01T10:05:00.000Z'),
      ]);
      // The last batch has the earlier one alone.
      await rollUp(database, 1);
      const bounds = ['2026-03-01T09:00:00Z', '2026-03-01T10:10:00Z'].map(Date.parse);
      const { tallies, asOf } = await database.analytics.steps({
        bounds,
        groupBy: ['step'],
        exact: false,
      });
      expect(tallies.map(({ count }) => count)).toEqual([1]);
      expect(asOf).toBe('2026-03-01T10:20:00.000Z');
    });
  });
});
