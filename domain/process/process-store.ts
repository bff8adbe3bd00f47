import type { Timestamp } from '../common/index.ts';
import type { SoughtIdentifier, SoughtText } from '../identifiers/index.ts';
import type { Page, PageSize } from './event-store.ts';
import type { ProcessState, ProcessStatus } from './process-state.ts';

export interface ProcessFilter {
  status?: ProcessStatus | undefined;
  processName?: string | undefined;
  currentStep?: string | undefined;
  /** Of the error that it has ended with. */
  errorCode?: SoughtText | undefined;
  /** All of them. */
  identifiers?: readonly SoughtIdentifier[] | undefined;
  /** `updated_at` at or after, and before. */
  from?: Timestamp | undefined;
  to?: Timestamp | undefined;
  /** Which ones; left out: `live`. */
  partitions?: 'live' | 'archived' | 'both' | undefined;
}

/** A state. `archivedAt`: the process is archived since then. */
type ListedProcess = ProcessState & { archivedAt?: Timestamp };

/** An event that the row of its process in `process_store` does not have yet. */
export interface UnprojectedEvent {
  eventId: string;
  correlationId: string;
}

/** The last row of a page; the next page starts behind it. */
export interface ProcessCursor {
  updatedAt: Timestamp;
  correlationId: string;
}

export interface ProcessStore {
  get(correlationId: string): Promise<ProcessState | null>;
  /**
   * Folds the events that `process_store` does not have yet into its row, compare-and-set on the version:
   * safe to call at any time, any number of times, from anywhere.
   *
   * @returns the state as stored now, or null when the stream has no events
   */
  project(correlationId: string): Promise<ProcessState | null>;
  /**
   * As `project` for many processes, in as few transactions as possible.
   *
   * @returns the states of those that have events, in any order
   * @throws what stood in the way of one of them; some or all of the others are then not projected
   */
  projectMany(correlationIds: readonly string[]): Promise<ProcessState[]>;
  /** How many processes are pending, counted no further than `upTo`. */
  countPending(upTo: number): Promise<number>;
  /** Which of these processes, at most 500, have live events and no row in `process_store` yet. */
  findUnprojected(correlationIds: readonly string[]): Promise<string[]>;
  /**
   * Which of the live events with the highest ids the rows in `process_store` do not have yet, the highest id first.
   *
   * @param options `before`: of the events with lower ids than this; `among`: how many events are checked; `limit`: how
   *   many are returned at most
   */
  findUnprojectedEvents(options: {
    before?: string | undefined;
    among: number;
    limit: number;
  }): Promise<UnprojectedEvent[]>;
  /** Newest first by `updated_at`, then correlation id. */
  list(filter: ProcessFilter, size: PageSize, after?: ProcessCursor): Promise<Page<ListedProcess>>;
}
