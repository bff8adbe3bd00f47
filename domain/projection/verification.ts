export type DifferenceKind =
  /** The row of process_store is not the fold of the events that it has seen. */
  | 'row-differs'
  | 'row-missing'
  /** The row has not seen the last events, though it is past the time for that. */
  | 'row-behind'
  /** The row has seen events that are not there: the last ones of the stream were removed. */
  | 'row-ahead'
  /** There is a row, and not one event. */
  | 'row-without-events'
  /** The row is archived and the events are not, or the other way round; or there is one row in each table. */
  | 'row-misplaced'
  /** There are events of the process in the log and in its archive. */
  | 'in-both'
  /** The content of an event does not fit its hash; the last event of a stream may as well have been added. */
  | 'event-altered'
  | 'event-removed'
  | 'event-inserted'
  /** An event was written under another version. */
  | 'event-moved'
  | 'hash-altered'
  | 'hash-missing'
  /** The ids of a stream do not rise with its versions. */
  | 'id-order'
  /** No release of this service wrote the event, or a newer one did. */
  | 'event-unreadable'
  /** The stream does not begin with a request: nobody asked for the process. */
  | 'request-missing'
  /** An event of another process is in the stream. */
  | 'process-mixed'
  /** An instance, or a step that was done in one, that no request and no retry of the process explains. */
  | 'instance-foreign'
  /** The row was not archived together with its first event. */
  | 'archived-at'
  /** An event has not been published for too long. */
  | 'outbox-overdue'
  | 'outbox-without-event'
  /** Readers of the feed pass an event over. */
  | 'event-without-position'
  /** Asked for by its id, and nowhere to be found. */
  | 'unknown';

/** Something that is not as it ought to be, in words that hold no payload. */
export interface Difference {
  kind: DifferenceKind;
  correlationId: string;
  /** Of the event it is about, if it is about one. */
  version: number | null;
  eventId: string | null;
  message: string;
  /** Columns of the row that differ. */
  columns?: string[];
}

/** What is written anew from the events. A row that is ahead is not: it is the last trace of them. */
export const REPAIRABLE: readonly DifferenceKind[] = [
  'row-differs',
  'row-missing',
  'row-behind',
  'row-without-events',
  'row-misplaced',
  'archived-at',
];

export interface VerifyFilter {
  /** Key of the process definition; left out: all. */
  processName?: string | undefined;
  /**
   * Milliseconds that an event may wait to be published or projected. Until then the row of its process
   * lags behind and does not differ.
   */
  maxLagMs: number;
}

export interface VerifiedPage {
  /** Place in the walk: the last correlation id of the page; null when there is no more. */
  last: string | null;
  processes: number;
  events: number;
  /** Events without a hash, from before there was a hash chain. */
  unhashed: number;
  /** Processes whose row lags behind. */
  lagging: number;
  /** Processes that do not look right, though perhaps only because they changed under the eyes. */
  suspects: string[];
}

export interface LookResult {
  differences: Difference[];
  lagging: boolean;
  events: number;
  unhashed: number;
}

/** What came of a repair, in words. */
export interface Repair {
  done: boolean;
  message: string;
}

/** Looks at what the tables hold of each process, live and archived, and whether it fits together. */
export interface Verification {
  /** Rows of processes, live and archived: about as many as there is to look at. */
  count(): Promise<number>;
  /**
   * Looks at the next processes in the order of their correlation ids, byte by byte, each with all its
   * events, in memory that does not depend on how many these are. The tables may be read at
   * different moments.
   *
   * @throws StoreUnavailableError
   */
  page(after: string, limit: number, filter: VerifyFilter): Promise<VerifiedPage>;
  /**
   * Looks at one process as it was at one moment, and says what is wrong.
   *
   * @throws StoreUnavailableError
   */
  look(correlationId: string, filter: VerifyFilter): Promise<LookResult>;
  /**
   * Rows of the outbox, in the order of their event ids, that are older than `maxLagMs` or without an event.
   *
   * @throws StoreUnavailableError
   */
  outbox(afterEventId: string, limit: number, filter: VerifyFilter): Promise<Difference[]>;
  /**
   * Events that have no place in the feed and wait for none, among some behind an event id.
   *
   * @returns `last`: go on behind it; null when there are no more
   * @throws StoreUnavailableError
   */
  unplaced(
    afterEventId: string,
    filter: VerifyFilter,
  ): Promise<{ differences: Difference[]; last: string | null }>;
  /**
   * Lets such an event have the next place.
   *
   * @throws StoreUnavailableError
   */
  place(eventId: string): Promise<Repair>;
  /**
   * Writes the rows of a process anew from its events, when these are sound and in one place; removes rows
   * without events. Never changes an event. Alone with the process, so it may run beside everything else.
   *
   * @throws StoreUnavailableError
   */
  repair(correlationId: string): Promise<Repair>;
}
