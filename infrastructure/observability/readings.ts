import type { DeliveryStore } from '../../domain/callbacks/index.ts';
import { inTime } from '../../domain/common/index.ts';
import type { Outbox, Queue } from '../../domain/outbox/index.ts';
import type { RollupLag } from '../../domain/rollups/index.ts';
import type { Metrics } from './metrics.ts';

/** Readings are shared by all scrapes within this time. */
const MAX_AGE_MS = 1_000;
/** The longest time that a dependency has to answer a scrape. */
const ANSWER_TIMEOUT_MS = 1_000;

/**
 * Reads the gauges that need a call to the database or the queue. A dependency that does not answer in time leaves its
 * gauges without a value and sets `dependency_up` to 0; the scrape succeeds.
 *
 * @returns a function that updates the gauges; scrapes at the same time, or soon after, share one reading
 */
export function createReadings(options: {
  metrics: Metrics;
  outbox: Pick<Outbox, 'depth'>;
  rollupLag: () => Promise<RollupLag>;
  deliveryStore: Pick<DeliveryStore, 'counts'>;
  queue: Pick<Queue, 'counts'>;
  waiting: () => number;
  processMapSize: () => number;
  /** Milliseconds until a start accepted now would begin; null: not known. */
  startDelayMs: () => number | null;
}): () => Promise<void> {
  const { metrics, outbox, rollupLag, deliveryStore, queue } = options;
  let reading: Promise<void> | undefined;
  let freshUntil = 0;

  async function readOutbox(): Promise<void> {
    try {
      const { rows, oldestAgeMs } = await inTime(outbox.depth(), ANSWER_TIMEOUT_MS);
      metrics.outboxRows.set(rows);
      metrics.outboxAge.set(oldestAgeMs / 1_000);
      metrics.up.set({ dependency: 'database' }, 1);
    } catch {
      // Not logged here: readiness and the failing calls log the reason.
      metrics.outboxRows.set(Number.NaN);
      metrics.outboxAge.set(Number.NaN);
      metrics.up.set({ dependency: 'database' }, 0);
    }
  }

  async function readRollups(): Promise<void> {
    try {
      const { events, ms } = await inTime(rollupLag(), ANSWER_TIMEOUT_MS);
      metrics.rollupLagEvents.set(events);
      metrics.rollupLag.set(ms / 1_000);
    } catch {
      // readOutbox reports whether the database is away.
      metrics.rollupLagEvents.set(Number.NaN);
      metrics.rollupLag.set(Number.NaN);
    }
  }

  async function readDeliveries(): Promise<void> {
    const set = (pending: number, parked: number, ageMs: number): void => {
      metrics.deliveriesKept.set({ status: 'pending' }, pending);
      metrics.deliveriesKept.set({ status: 'parked' }, parked);
      metrics.deliveryAge.set(ageMs / 1_000);
    };
    try {
      const counts = await inTime(deliveryStore.counts(), ANSWER_TIMEOUT_MS);
      set(counts.pending, counts.parked, counts.oldestPendingMs);
    } catch {
      // readOutbox reports whether the database is away.
      set(Number.NaN, Number.NaN, Number.NaN);
    }
  }

  async function readQueue(): Promise<void> {
    try {
      const counts = await inTime(queue.counts(), ANSWER_TIMEOUT_MS);
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

  async function readAll(): Promise<void> {
    await Promise.all([readOutbox(), readRollups(), readDeliveries(), readQueue()]);
    freshUntil = performance.now() + MAX_AGE_MS;
  }

  return async () => {
    metrics.waiting.set(options.waiting());
    metrics.processMap.set(options.processMapSize());
    metrics.startDelay.set((options.startDelayMs() ?? Number.NaN) / 1_000);
    if (performance.now() < freshUntil) return;
    reading ??= readAll().finally(() => {
      reading = undefined;
    });
    await reading;
  };
}
