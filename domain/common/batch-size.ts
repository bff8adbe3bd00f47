/** Milliseconds that a transaction should take; a live write may have to wait for it. */
const TARGET_MS = 50;
/** Processes in the first batch: small, because the pace of the database is not known yet. */
const FIRST_BATCH = 20;
/** A batch is at most this many times as large as the one before: a fast one may have been luck. */
const MAX_GROWTH = 2;

interface BatchSize {
  /** Processes in the next batch. */
  next(): number;
  /**
   * Adjusts the size after a batch that moved so many processes in a transaction of `ms` milliseconds.
   *
   * @param nextMs what the next one should take, if other than all
   */
  learn(processes: number, ms: number, nextMs?: number): void;
}

/** Adjusts the size of batches so that each transaction takes about `targetMs` milliseconds. */
export function createBatchSize(limit: number, targetMs = TARGET_MS): BatchSize {
  let size = Math.min(FIRST_BATCH, limit);
  return {
    next: () => size,
    learn(processes, ms, nextMs = targetMs) {
      const fitting = Math.floor((processes * nextMs) / Math.max(ms, 1));
      size = Math.max(1, Math.min(fitting, size * MAX_GROWTH, limit));
    },
  };
}
