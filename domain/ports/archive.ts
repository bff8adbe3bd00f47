import type { Timestamp } from '../json.ts';
import type { ProcessState } from '../process.ts';

export interface ArchiveCount {
  processes: number;
  events: number;
}

/**
 * What became of a process that was to be restored: it is live again; it was live already, because it was
 * restored before or never archived; there is no such process; or it lies in both places or in the archive
 * in part, and so was left as it is.
 */
export type RestoreOutcome = 'restored' | 'restored-before' | 'live' | 'unknown' | 'damaged';

/**
 * Where ended processes go after their time, each with all its events: at every commit a process is
 * wholly live or wholly archived (G8). The event store reads there what it does not find live.
 */
export interface Archive {
  /**
   * Moves up to `limit` processes, those that were changed least recently first, in one transaction.
   * Only processes that have ended, were last changed (and, if they ever were, restored) before
   * `endedBefore`, are projected up to their last event and have none left to publish. An append to one of them waits for the move, or goes first.
   * Long streams make a batch of fewer processes.
   *
   * @throws StoreUnavailableError with nothing moved
   */
  moveBatch(options: { endedBefore: Timestamp; limit: number }): Promise<ArchiveCount>;
  /** What calls of `moveBatch` would move now, and the times of the first and last of them. */
  preview(
    endedBefore: Timestamp,
  ): Promise<ArchiveCount & { oldest: Timestamp | null; newest: Timestamp | null }>;
  /**
   * Brings a process back with all its events, in one transaction; it stays for as long as one that ended
   * now. Waits for appends to it and moves of it, or goes first.
   *
   * @throws StoreUnavailableError
   */
  restore(correlationId: string): Promise<RestoreOutcome>;
  /** An archived process as it was projected, or null. */
  findProcess(correlationId: string): Promise<ProcessState | null>;
}
