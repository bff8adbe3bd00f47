export type DifferenceKind =
  /** The row is not the fold of the events that it has seen. */
  | 'row-differs'
  | 'row-missing'
  /** The row has not seen the last events, and has had enough time for that. */
  | 'row-behind'
  /** The row has seen events that are gone: the last ones of the stream were removed. */
  | 'row-ahead'
  /** There is a row, and no event. */
  | 'row-without-events'
  /** The row is archived and the events are not, or the other way round; or each table has a row. */
  | 'row-misplaced'
  /** The rows of its identifiers are not those of its first event. */
  | 'identifiers-differ'
  /** Both the log and its archive have events of the process. */
  | 'in-both'
  /** From this event on the stream is not what was written. */
  | 'event-altered'
  | 'event-removed'
  | 'hash-missing'
  /** The ids of a stream do not rise with its versions. */
  | 'id-order'
  /** No release of this service wrote the event, or a newer one did. */
  | 'event-unreadable'
  /** The stream does not begin with a request. */
  | 'request-missing'
  /** An event of another process is in the stream. */
  | 'process-mixed'
  /** No request and no retry of the process explains an instance, or a step that was done in one. */
  | 'instance-foreign'
  /** The row was not archived together with its first event. */
  | 'archived-at'
  /** An event has not been published for too long. */
  | 'outbox-overdue'
  | 'outbox-without-event'
  /** Readers of the feed never see the event. */
  | 'event-without-position'
  /** The process was asked for by its id, and does not exist. */
  | 'unknown';

/** Something that is wrong, in words without payload. */
export interface Difference {
  kind: DifferenceKind;
  correlationId: string;
  /** Of the event, if the difference is about one. */
  version: number | null;
  eventId: string | null;
  message: string;
  /** Columns of the row that differ. */
  columns?: string[];
}

/** Something that is wrong with an event of a stream. */
export interface StreamFault extends Omit<Difference, 'correlationId' | 'columns'> {
  version: number;
}

/** What can be written again from the events. A row that is ahead cannot: it is their last trace. */
export const REPAIRABLE: readonly DifferenceKind[] = [
  'row-differs',
  'row-missing',
  'row-behind',
  'row-without-events',
  'row-misplaced',
  'identifiers-differ',
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
  /** The last correlation id of the page; null when there are no more. */
  last: string | null;
  processes: number;
  events: number;
  /** Events without a hash, from before there was a hash chain. */
  unhashed: number;
  /** Processes whose row lags behind. */
  lagging: number;
  /** Processes that look wrong, though perhaps only because they changed while they were read. */
  suspects: string[];
}

export interface InspectedProcess {
  differences: Difference[];
  lagging: boolean;
  events: number;
  unhashed: number;
}

/** The result of a repair. */
export interface Repair {
  done: boolean;
  message: string;
}

/** Compares what the tables hold of each process, live and archived. All of it throws StoreUnavailableError. */
export interface Verification {
  /** Rows of processes, live and archived: roughly the number of processes. */
  count(): Promise<number>;
  /**
   * Compares the next processes in the order of their correlation ids, byte by byte, with all their events, in
   * memory that does not depend on their number. The tables may be read at different moments.
   */
  page(after: string, limit: number, filter: VerifyFilter): Promise<VerifiedPage>;
  /** Compares one process as it was at one moment. */
  inspect(correlationId: string, filter: VerifyFilter): Promise<InspectedProcess>;
  /** Rows of the outbox, in the order of their event ids, that are older than `maxLagMs` or without an event. */
  outbox(afterEventId: string, limit: number, filter: VerifyFilter): Promise<Difference[]>;
  /**
   * Events without a position in the feed that do not wait for one, among some after an event id.
   *
   * @returns `last`: continue after it; null when there are no more
   */
  withoutPosition(
    afterEventId: string,
    filter: VerifyFilter,
  ): Promise<{ differences: Difference[]; last: string | null }>;
  /** Gives such an event the next position. */
  givePosition(eventId: string): Promise<Repair>;
  /**
   * Writes the row of a process again from its events, if these are sound and in one partition; removes rows
   * without events. Never changes an event. It locks the process, so services may run meanwhile.
   */
  repair(correlationId: string): Promise<Repair>;
}
