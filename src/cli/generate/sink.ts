import type { Batch } from './batches.ts';

/** A database that is being filled. */
export interface Sink {
  /** Keeps so many ids of event_log for us, or leaves it to `write` to give them. @returns the first of them */
  reserveIds(count: number): Promise<number>;
  /**
   * Writes whole processes in one transaction.
   *
   * @throws SetupError when they are there already
   */
  write(batch: Batch): Promise<void>;
  /** Makes what was written durable. */
  close(): Promise<void>;
}

/** The sentence for who generates the same data twice. */
export function alreadyThere(seed: number): string {
  return `--seed: the database holds processes of the seed ${seed} already; give another one`;
}
