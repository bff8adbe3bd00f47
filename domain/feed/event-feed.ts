import type { Timestamp } from '../common/index.ts';
import type { SoughtIdentifier, SoughtText } from '../identifiers/index.ts';
import type { EventType, StoredEvent } from '../process/index.ts';

/** Which events a reader of the feed gets: those that match everything that is given. */
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
  /** Of a failed step, or of the end of a process. */
  errorCode?: SoughtText | undefined;
  /** Of the process: all of them. */
  identifiers?: readonly SoughtIdentifier[] | undefined;
  /** `created_at` at or after, and before. */
  from?: Timestamp | undefined;
  to?: Timestamp | undefined;
}

/**
 * The number of an event in the feed. What is committed later gets a higher number. A decimal string: a BIGINT does not fit a JavaScript number. '0' is before the first event.
 */
export type FeedPosition = string;

export interface FeedQuery {
  /** The page starts behind this position. */
  after: FeedPosition;
  limit: number;
  filter: FeedFilter;
  /** Includes archived events. */
  archived: boolean;
  /** Ends the page at the event with which it has so many bytes, roughly; left out: by `limit` alone. */
  maxBytes?: number | undefined;
}

/** What one query of the feed found. */
export interface FeedPage<Item> {
  items: Item[];
  /** All events up to this position were checked against the filter: the next page starts behind it. */
  lookedTo: FeedPosition;
  /** True when there is no event behind that. */
  atEnd: boolean;
  /** Bytes of the items in the database, roughly. */
  bytes: number;
}

export interface FedEvent {
  position: FeedPosition;
  event: StoredEvent;
}

/**
 * All events in the order in which they were committed, without holes (G9): a reader that continues behind the
 * last position it has seen gets every event once.
 */
export interface EventFeed {
  /**
   * Checks a bounded number of events, so that a filter that few events match costs little time: a page
   * may be short or empty without being the last one. The signal ends the query.
   *
   * @throws StoreUnavailableError when the database cannot be reached
   */
  page(query: FeedQuery, signal?: AbortSignal): Promise<FeedPage<FedEvent>>;
  /** The position of the last event, '0' when the feed is empty. */
  head(): Promise<FeedPosition>;
}
