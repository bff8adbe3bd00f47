import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TimedJobHandler } from '../../../domain/outbox/queue.ts';
import { until } from '../../support/children.ts';
import { gate, queueKinds, type TestQueues } from '../../support/queues.ts';

const NAME = 'reconcile-processes';

/** A handler that counts its runs and those at one time; `work` is what it does. */
function counting(work: (run: number, signal: AbortSignal) => Promise<void> | void = () => {}) {
  const seen = { runs: 0, now: 0, most: 0 };
  const handler: TimedJobHandler = async (signal) => {
    seen.runs++;
    seen.most = Math.max(seen.most, ++seen.now);
    try {
      await work(seen.runs, signal);
    } finally {
      seen.now--;
    }
  };
  return { seen, handler };
}

describe.each(await queueKinds())('timed jobs: $name', ({ available, durable, create }) => {
  describe.skipIf(!available)('when it is available', () => {
    let queues: TestQueues;
    beforeEach(() => {
      queues = create();
    });
    afterEach(() => queues.destroy());

    it('run repeatedly, the first time after one period', async () => {
      const queue = await queues.open();
      const began = Date.now();
      const first: number[] = [];
      const { seen, handler } = counting(() => void first.push(Date.now() - began));
      await queue.schedule(NAME, { everyMs: 300 }, handler);
      await until(() => seen.runs >= 3, 'three runs');
      // Timers may fire a millisecond early.
      expect(first[0]).toBeGreaterThanOrEqual(298);
      expect(first[2]).toBeGreaterThanOrEqual(898);
    });

    it('begin no run while one takes longer than its period', async () => {
      const long = gate();
      const queue = await queues.open();
      const { seen, handler } = counting((run) => (run === 1 ? long.opened : undefined));
      const other = counting();
      await queue.schedule(NAME, { everyMs: 50 }, handler);
      // Its runs are the clock: each is one period of the other.
      await queue.schedule('archive-expired', { everyMs: 50 }, other.handler);
      await until(() => seen.runs === 1 && other.seen.runs >= 6, 'several periods go by');
      expect(seen.runs).toBe(1);
      long.open();
      await until(() => seen.runs >= 3, 'it runs again after the long run');
      expect(seen.most).toBe(1);
    });

    it('come again at their next time when a run throws', async () => {
      const queue = await queues.open();
      const { seen, handler } = counting((run) => {
        if (run < 3) throw new Error('the database is away');
      });
      await queue.schedule(NAME, { everyMs: 50 }, handler);
      await until(() => seen.runs >= 4, 'it runs after its failures');
      const failed = await queues.failed(NAME);
      expect(failed).toHaveLength(durable ? 2 : 0);
    });

    it('follow a changed schedule and drop the old one', async () => {
      const queue = await queues.open();
      const before = counting();
      const after = counting();
      await queue.schedule(NAME, { everyMs: 3_600_000 }, before.handler);
      await queue.schedule(NAME, { everyMs: 50 }, after.handler);
      await until(() => after.seen.runs >= 2, 'the new schedule runs');
      await queue.schedule(NAME, { cron: '0 3 * * *' }, after.handler);
      await until(() => after.seen.now === 0, 'the last run of the fast one ends');
      const runs = after.seen.runs;
      const other = counting();
      await queue.schedule('archive-expired', { everyMs: 50 }, other.handler);
      await until(() => other.seen.runs >= 6, 'several periods go by');
      // One may have been due as the schedule changed.
      expect(after.seen.runs).toBeLessThanOrEqual(runs + 1);
      expect(before.seen.runs).toBe(0);
    });

    it('run no more once their schedule is taken away, and again when there is one', async () => {
      const queue = await queues.open();
      const { seen, handler } = counting();
      await queue.schedule(NAME, { everyMs: 50 }, handler);
      await until(() => seen.runs >= 2, 'it runs');
      await queue.unschedule(NAME);
      const runs = seen.runs;
      const other = counting();
      await queue.schedule('archive-expired', { everyMs: 50 }, other.handler);
      await until(() => other.seen.runs >= 6, 'several periods go by');
      expect(seen.runs).toBe(runs);
      await queue.schedule(NAME, { everyMs: 50 }, handler);
      await until(() => seen.runs > runs, 'it runs again');
      await queue.unschedule('archive-expired');
      await queue.unschedule('archive-expired');
    });

    it.each([
      ['* * * *', 'not a cron pattern of five fields'],
      ['0 0 3 * * *', 'not a cron pattern of five fields'],
      ['@daily-ish', 'not a cron pattern of five fields'],
      ['0 25 * * *', 'not a cron pattern of five fields'],
      ['0 3 31 2 *', 'no future time'],
    ])('refuse the pattern "%s"', async (cron, reason) => {
      const queue = await queues.open();
      const refused = queue.schedule(NAME, { cron }, async () => {});
      await expect(refused).rejects.toThrow(RangeError);
      await expect(refused).rejects.toThrow(reason);
    });

    it.each([0, -1, 1.5, Number.NaN, 2 ** 31])('refuse a period of %s ms', async (everyMs) => {
      const queue = await queues.open();
      const refused = queue.schedule(NAME, { everyMs }, async () => {});
      await expect(refused).rejects.toThrow('a period must be');
    });

    it('G12: end at a stop, which signals the running one, waits for it, and begins no other', async () => {
      const queue = await queues.open();
      let ended = false;
      const { seen, handler } = counting(async (_run, signal) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        // It ends only some turns of the event loop after its signal.
        await new Promise((resolve) => setTimeout(resolve, 100));
        ended = true;
      });
      await queue.schedule(NAME, { everyMs: 20 }, handler);
      await until(() => seen.runs === 1, 'it runs');
      await queue.close(15_000);
      expect(ended).toBe(true);
      expect(seen.runs).toBe(1);
      await expect(queue.schedule(NAME, { everyMs: 20 }, handler)).rejects.toThrow();
    });

    it('G12: are released at a stop when one does not end in time', async () => {
      const work = gate();
      const queue = await queues.open();
      const { seen, handler } = counting(() => work.opened);
      await queue.schedule(NAME, { everyMs: 20 }, handler);
      await until(() => seen.runs === 1, 'it runs');
      const begin = Date.now();
      await queue.close(200);
      expect(Date.now() - begin).toBeLessThan(30_000);
      work.open();
    });
  });
});
