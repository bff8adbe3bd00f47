import type { Timestamp } from '../common/index.ts';
import type { ProcessCursor, ProcessFilter, ProcessStatus } from '../process/index.ts';

export const BULK_ACTIONS = ['retry', 'cancel', 'restore'] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];

/** `collecting`: the processes are looked up; then it is `running` until it is `done`, unless somebody has `stopped` it. */
export const BULK_STATUSES = ['collecting', 'running', 'stopped', 'done'] as const;
export type BulkStatus = (typeof BULK_STATUSES)[number];

/** What is asked for: an action on all processes that a filter finds. */
export interface BulkRequest {
  action: BulkAction;
  filter: Omit<ProcessFilter, 'partitions'>;
  reason: string;
  actor: string;
  /** Processes in a second, at most. */
  maxPerSecond: number;
  /** Only counts what would be acted on. */
  dryRun: boolean;
}

/**
 * How far the look-up is. `pass` 0: processes that the list does not have yet are projected, from the newest event back;
 * those with events before the id `before` are left. 2: processes that changed while it continued.
 */
export type Collected =
  | { pass: 0; before: string | null }
  | { pass: 1 | 2; cursor: ProcessCursor | null };

export interface BulkRun extends BulkRequest {
  id: string;
  status: BulkStatus;
  /** Whether all processes are looked up; a stopped run resumes with what it was at. */
  isCollected: boolean;
  collected: Collected;
  /** Processes; grows while they are looked up. */
  found: number;
  /** Processes of a second, of late. */
  perSecond: number;
  createdAt: Timestamp;
  updatedAt: Timestamp;
  /** Null until it is done and closed. */
  endedAt: Timestamp | null;
}

/** How far a run is: `found` = `done` + `failed` + `left`. A dry run does nothing. */
export interface BulkProgress {
  done: number;
  failed: number;
  left: number;
  /** Why processes failed, the most frequent reason first; at most 20. */
  reasons: { reason: string; processes: number }[];
}

export interface BulkFailure {
  correlationId: string;
  reason: string;
}

/** What was done to one process; `failure`: why not. */
export interface BulkResult {
  correlationId: string;
  failure: string | null;
}

/**
 * Runs and the processes that they still have to act on, in the database: any service instance continues them. Each
 * call may be repeated.
 */
export interface BulkStore {
  create(run: BulkRun): Promise<void>;
  get(id: string): Promise<BulkRun | null>;
  /** Newest first; `before` is the id of the last run of the page before. */
  list(limit: number, before?: string): Promise<BulkRun[]>;
  /** Runs that collect or act, or are done but not closed, the oldest first. */
  active(): Promise<BulkRun[]>;
  progress(id: string): Promise<BulkProgress>;
  /** Adds processes that it does not have, and remembers how far the look-up is. */
  collect(id: string, correlationIds: readonly string[], collected: Collected): Promise<void>;
  /** All processes are looked up. */
  collected(id: string, at: Timestamp): Promise<void>;
  /** Some processes that are left, in the order of their ids. */
  left(id: string, limit: number): Promise<string[]>;
  /** Takes those that are done from what is left, and keeps those that failed with their reasons. */
  record(id: string, results: readonly BulkResult[], perSecond: number): Promise<void>;
  /**
   * A run is done; of a dry run, the list of processes is deleted.
   *
   * @returns false when somebody has stopped it meanwhile
   */
  end(id: string): Promise<boolean>;
  /** All that belongs to the end of a run is done, too. */
  close(id: string, at: Timestamp): Promise<void>;
  /** Stops or resumes a run; false when it is not in a state for that. */
  stop(id: string): Promise<boolean>;
  resume(id: string): Promise<boolean>;
  /** Those that failed, in the order of their ids. */
  failures(id: string, limit: number, after?: string): Promise<BulkFailure[]>;
  /** Deletes runs that ended before that time. */
  deleteEnded(before: Timestamp): Promise<void>;
}

/** The status that processes must have for an action; undefined: any. */
export const STATUS_FOR: Record<BulkAction, ProcessStatus | undefined> = {
  retry: 'error',
  cancel: 'pending',
  restore: undefined,
};
