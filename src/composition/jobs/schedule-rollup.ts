import type { Queue } from '../../../domain/outbox/index.ts';
import {
  type NewRollups,
  type RollupSource,
  removeReplaced,
  rollupEvents,
} from '../../../domain/rollups/index.ts';
import type { Config } from '../../config.ts';

/** Events of a batch at most. */
export const ROLLUP_BATCH = 500;

/** Has new events added to the rollups every ROLLUP_EVERY_MS, by one instance at a time. */
export async function scheduleRollup(ports: {
  config: Pick<Config, 'ROLLUP_EVERY_MS'>;
  queue: Pick<Queue, 'schedule' | 'unschedule'>;
  source: RollupSource;
  store: NewRollups;
}): Promise<void> {
  const { config, queue, source, store } = ports;
  const everyMs = config.ROLLUP_EVERY_MS;
  if (everyMs === 0) {
    // Redis keeps the schedule of a time when it was on.
    await queue.unschedule('rollup-events');
    return;
  }
  await queue.schedule('rollup-events', { everyMs }, async (signal) => {
    await rollupEvents({ source, store }, { batch: ROLLUP_BATCH }, signal);
    // What a rebuild left that was killed after its exchange.
    await removeReplaced(store, signal);
  });
}
