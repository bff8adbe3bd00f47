import type { Queue } from '../domain/outbox/index.ts';
import {
  type NewRollups,
  type RollupSource,
  removeReplaced,
  rollupEvents,
} from '../domain/rollups/index.ts';

const NAME = 'rollup-events';
/** Events of a batch at most. */
export const ROLLUP_BATCH = 500;

/** Schedules adding new events to the rollups, on one service instance at a time. */
export async function scheduleRollup(
  queue: Pick<Queue, 'schedule' | 'unschedule'>,
  { everyMs }: { everyMs: number },
  { source, store }: { source: RollupSource; store: NewRollups },
): Promise<void> {
  if (everyMs === 0) {
    // Redis keeps the schedule of a time when it was on.
    await queue.unschedule(NAME);
    return;
  }
  await queue.schedule(NAME, { everyMs }, async (signal) => {
    await rollupEvents({ source, store }, { batch: ROLLUP_BATCH }, signal);
    // What a rebuild left that was killed after its swap.
    await removeReplaced(store, signal);
  });
}
