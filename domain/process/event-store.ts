import type { ProcessEvent, StoredEvent } from './events.ts';

export interface AppendOptions {
  /** Version the stream must be at, 0 for a new one. Left out: append at the end, whatever it is. */
  expectedVersion?: number;
}

export interface AppendResult {
  /** The stored events; with `duplicate`, those that were there before. */
  events: StoredEvent[];
  /** True when the first event's dedupe key was known and nothing was written. */
  duplicate: boolean;
}

/** A part of a list that ends by a count or by bytes, with at least one item where there is one. */
export interface Page<Item> {
  items: Item[];
  /** False: there may be more behind the last item. */
  atEnd: boolean;
}

/** By what a page ends, whichever comes first. The item with which it has `maxBytes`, roughly, is its last. */
export interface PageSize {
  limit: number;
  maxBytes: number;
}

/** Events in one append at most: SQL Server takes 2,100 parameters in one statement. */
export const MAX_APPEND = 80;

/** A stream is live or archived as a whole, and is found by the same calls either way. */
export interface EventStore {
  /**
   * Appends to a stream, events and their outbox rows in one transaction, durable when it resolves.
   * A dedupe key that the log already holds (looked at before the version; in any stream) makes the
   * whole call write nothing and return the event that has it. An archived stream has its version,
   * too; what is appended to it goes to the archive, and its archived process is updated with it. But
   * an archived process cannot be retried.
   *
   * Times in a stream do not fall, whatever clocks do: an event is never older than the one before it.
   *
   * @throws VersionConflictError when `expectedVersion` is not the stream's version
   * @throws StreamArchivedError for a retry of an archived process
   * @throws StoreUnavailableError when the database cannot be reached; it says whether nothing was
   *   written, or the outcome of the append is not known
   * @throws RangeError for more than MAX_APPEND events
   */
  append(
    correlationId: string,
    events: readonly ProcessEvent[],
    options?: AppendOptions,
  ): Promise<AppendResult>;
  /** Events of a stream in version order, from `afterVersion` (exclusive, default 0). */
  readStream(
    correlationId: string,
    options?: { afterVersion?: number; limit?: number },
  ): Promise<StoredEvent[]>;
  /** Version of the last live event of a stream, without reading it; 0 when the log has none of it. */
  lastVersion(correlationId: string): Promise<number>;
  /** As `readStream`, for streams of any length: a page of it. */
  pageStream(
    correlationId: string,
    options: PageSize & { afterVersion: number },
  ): Promise<Page<StoredEvent>>;
  /**
   * Events whose dedupe key starts with `prefix`, in id order.
   *
   * @param correlationId of the stream that has all of them, where the caller knows it: that may save a look-up
   */
  findByDedupePrefix(prefix: string, correlationId?: string): Promise<StoredEvent[]>;
  /** Events with this traceability id in id order, after `afterId`. */
  findByTrace(
    traceabilityId: string,
    options: PageSize & { afterId?: string | undefined },
  ): Promise<Page<StoredEvent>>;
}
