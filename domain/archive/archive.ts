import type { Timestamp } from '../common/index.ts';

export interface ArchiveCount {
  processes: number;
  events: number;
}

/** The last process that was looked at; processes are in the order of their last change, then of their ids. */
export interface ArchiveCursor {
  updatedAt: Timestamp;
  correlationId: string;
}

export interface BatchOptions {
  /** Processes that were last changed before this. */
  endedBefore: Timestamp;
  /** Processes in the batch, at most. */
  limit: number;
  /** Starts after this process; left out: with the first. */
  after?: ArchiveCursor | undefined;
}

export interface Batch extends ArchiveCount {
  /** Milliseconds that the transaction took; others may have waited that long. */
  ms: number;
  /** Where the next batch starts; null when there are no more. */
  next: ArchiveCursor | null;
  /** Id of the newest live event, null without one: it rises while others write. */
  newestEvent: string | null;
}

export interface ArchivePreview extends ArchiveCount {
  /** When the first and the last of them were changed. */
  oldest: Timestamp | null;
  newest: Timestamp | null;
}

/**
 * The result of a restore: the process is live again; it was live already, because it was restored before or never
 * archived; there is no such process; or it is in both partitions, or incomplete in the archive, and so was left
 * as it is.
 */
export type RestoreOutcome = 'restored' | 'restored-before' | 'live' | 'unknown' | 'damaged';

/**
 * Keeps ended processes after their time, each with all its events: at every commit a process is wholly live or
 * wholly archived (G8). The event store reads in the archive what it does not find live.
 */
export interface Archive {
  /**
   * Moves up to `limit` processes, those that were changed least recently first, in one transaction.
   * Only processes that have ended, were last changed (and, if they ever were, restored) before
   * `endedBefore`, are projected up to their last event and have none left to publish. An append to one of
   * them waits for the move, or is committed before it. Long streams make a batch of fewer processes.
   *
   * @throws StoreUnavailableError with nothing moved
   */
  moveBatch(options: BatchOptions): Promise<Batch>;
  /** What `moveBatch` would move now. */
  preview(endedBefore: Timestamp): Promise<ArchivePreview>;
  /** Bytes of text in the rows that they would move, as the database keeps it. Reads all of them. */
  previewBytes(endedBefore: Timestamp): Promise<number>;
  /**
   * Brings a process back with all its events, in one transaction; it stays live for as long as one that ends
   * now. Waits for appends to it and moves of it, or is committed before them.
   *
   * @throws StoreUnavailableError
   */
  restore(correlationId: string): Promise<RestoreOutcome>;
}
