import type { Timestamp } from '../common/index.ts';
import type { Page, PageSize } from './event-store.ts';
import type { ProcessState, ProcessStatus } from './process-state.ts';

export interface ProcessFilter {
  status?: ProcessStatus | undefined;
  processName?: string | undefined;
  currentStep?: string | undefined;
  /** `updated_at` at or after, and before. */
  from?: Timestamp | undefined;
  to?: Timestamp | undefined;
  /** Archived processes, too. */
  archived?: boolean | undefined;
}

/** A state, and since when the process is archived if it is. */
export type ListedProcess = ProcessState & { archivedAt?: Timestamp };

/** Place in the list: the last row of the page before. */
export interface ProcessCursor {
  updatedAt: Timestamp;
  correlationId: string;
}

export interface ProcessStore {
  get(correlationId: string): Promise<ProcessState | null>;
  /**
   * Folds the events that `process_store` has not seen into its row, compare-and-set on the version:
   * safe to call at any time, any number of times, from anywhere.
   *
   * @returns the state as stored now, or null when the stream has no events
   */
  project(correlationId: string): Promise<ProcessState | null>;
  /** How many processes are pending, counted no further than `upTo`. */
  countPending(upTo: number): Promise<number>;
  /** Newest first by `updated_at`, then correlation id. */
  list(filter: ProcessFilter, size: PageSize, after?: ProcessCursor): Promise<Page<ListedProcess>>;
}
