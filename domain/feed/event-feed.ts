import type { Timestamp } from '../common/index.ts';
import type { EventType, StoredEvent } from '../process/index.ts';

/** What a reader of the feed wants to have; all that is given must fit. */
export interface FeedFilter {
  processName?: string | undefined;
  stepName?: string | undefined;
  status?: 'ok' | 'error' | undefined;
  types?: readonly EventType[] | undefined;
  targetSystem?: string | undefined;
  originatingSystem?: string | undefined;
  correlationId?: string | undefined;
  traceabilityId?: string | undefined;
  batchId?: string | undefined;
  applicationId?: string | undefined;
  /** `created_at` at or after, and before. */
  from?: Timestamp | undefined;
  to?: Timestamp | undefined;
}

/**
 * A place in the feed: what has been committed up to there is there for good, and what is committed later comes
 * behind it. A decimal string: a BIGINT does not fit a JavaScript number. '0' is before the first event.
 */
export type FeedPosition = string;

export interface FeedQuery {
  /** Goes on behind this position. */
  after: FeedPosition;
  limit: number;
  filter: FeedFilter;
  /** Archived events, too. */
  archived: boolean;
  /** Ends the page at the event with which it has so many bytes, roughly; left out: by `limit` alone. */
  maxBytes?: number | undefined;
}

/** The part of the feed that one look covers. */
export interface FeedPage<Item> {
  items: Item[];
  /** All events up to this position were looked at: go on behind it. */
  lookedTo: FeedPosition;
  /** True when there was nothing behind that. */
  atEnd: boolean;
  /** What the items have in the database, roughly. */
  bytes: number;
}

export interface FedEvent {
  position: FeedPosition;
  event: StoredEvent;
}

/**
 * All events in the order in which they were committed, without holes (G9): who goes on behind the last position
 * it has seen gets every event once.
 */
export interface EventFeed {
  /**
   * Looks at a bounded number of events, so that a filter that hardly any fits costs no more than a moment: a page
   * may be short or empty without being the last one. The signal ends the look.
   *
   * @throws StoreUnavailableError when the database cannot be reached
   */
  page(query: FeedQuery, signal?: AbortSignal): Promise<FeedPage<FedEvent>>;
  /** The position of the last event, '0' when there is none. */
  head(): Promise<FeedPosition>;
}
