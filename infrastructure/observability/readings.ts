import type { Outbox, Queue } from '../../domain/outbox/index.ts';
import type { RollupLag } from '../../domain/rollups/index.ts';
import type { Metrics } from './metrics.ts';

/** Milliseconds a reading is used again, however often it is scraped. */
const FRESH_MS = 1_000;
/** Milliseconds a dependency has to answer a scrape. */
const TIMEOUT_MS = 1_000;

/**
 * The gauges that somebody has to be asked for. What does not answer in time is left without a value,
 * `dependency_up` says so, and the scrape goes on.
 *
 * @returns brings them up to date; calls at the same time, or soon after, share one asking
 */
export function createReadings(options: {
  metrics: Metrics;
  outbox: Pick<Outbox, 'depth'>;
  rollupLag: () => Promise<RollupLag>;
  queue: Pick<Queue, 'counts'>;
  waiting: () => number;
  processMapSize: () => number;
}): () => Promise<void> {
  const { metrics, outbox, rollupLag, queue } = options;
  let asking: Promise<void> | undefined;
  let freshUntil = 0;

  async function readOutbox(): Promise<void> {
    try {
      const { rows, oldestAgeMs } = await inTime(outbox.depth());
      metrics.outboxRows.set(rows);
      metrics.outboxAge.set(oldestAgeMs / 1_000);
      metrics.up.set({ dependency: 'database' }, 1);
    } catch {
      // Readiness and whoever needs the database log why.
      metrics.outboxRows.set(Number.NaN);
      metrics.outboxAge.set(Number.NaN);
      metrics.up.set({ dependency: 'database' }, 0);
    }
  }

  async function readRollups(): Promise<void> {
    try {
      const { events, ms } = await inTime(rollupLag());
      metrics.rollupLagEvents.set(events);
      metrics.rollupLag.set(ms / 1_000);
    } catch {
      // Nobody waits for them; whether the database is away is told by the outbox.
      metrics.rollupLagEvents.set(Number.NaN);
      metrics.rollupLag.set(Number.NaN);
    }
  }

  async function readQueue(): Promise<void> {
    try {
      const counts = await inTime(queue.counts());
      for (const [job, states] of Object.entries(counts)) {
        for (const [state, count] of Object.entries(states)) {
          metrics.queueJobs.set({ job, state }, count);
        }
      }
      metrics.up.set({ dependency: 'queue' }, 1);
    } catch {
      metrics.queueJobs.reset();
      metrics.up.set({ dependency: 'queue' }, 0);
    }
  }

  async function ask(): Promise<void> {
    await Promise.all([readOutbox(), readRollups(), readQueue()]);
    freshUntil = performance.now() + FRESH_MS;
  }

  return async () => {
    metrics.waiting.set(options.waiting());
    metrics.processMap.set(options.processMapSize());
    if (performance.now() < freshUntil) return;
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    await asking;
  };
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, TIMEOUT_MS, new Error(`no answer in ${TIMEOUT_MS} ms`));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
