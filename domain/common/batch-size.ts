/** Milliseconds that a transaction should take: what a live write may have to wait for. */
const TARGET_MS = 50;
/** The first batch is small, for nothing is known about the database. */
const FIRST = 20;
/** A batch is no more than so many times the one before: a fast one may have been luck. */
const GROWTH = 2;

export interface BatchSize {
  /** Processes in the next batch. */
  next(): number;
  /** Learns from a batch: how many processes it moved, and the milliseconds that its transaction took. */
  learn(processes: number, ms: number): void;
}

/** Finds the size of batches whose transactions take about so many milliseconds, and follows when that changes. */
export function createBatchSize(limit: number, targetMs = TARGET_MS): BatchSize {
  let size = Math.min(FIRST, limit);
  return {
    next: () => size,
    learn(processes, ms) {
      // One with fewer processes than it might have had says what they took, not that more would take longer.
      const fitting = Math.floor((processes * targetMs) / Math.max(ms, 1));
      size = Math.max(1, Math.min(fitting, size * GROWTH, limit));
    },
  };
}
