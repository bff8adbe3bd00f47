import {
  type NewRollups,
  type RollupSource,
  removeReplaced,
  rollupEvents,
} from '../domain/rollups/index.ts';
import { every, type ScheduledJob } from './job.ts';

/** Most events of a batch. */
const BATCH = 500;

/** Every ROLLUP_EVERY_MS: adds new events to the rollups. */
export function rollupEventsJob(
  { source, store }: { source: RollupSource; store: NewRollups },
  { everyMs }: { everyMs: number },
): ScheduledJob {
  return {
    name: 'rollup-events',
    role: 'projector',
    schedule: every(everyMs),
    async handler(signal) {
      await rollupEvents({ source, store }, { batch: BATCH }, signal);
      // What a rebuild could not delete that was killed after its swap.
      await removeReplaced(store, signal);
    },
  };
}
