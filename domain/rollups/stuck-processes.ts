import type { Timestamp } from '../common/index.ts';

/** A pending process that takes longer than its like. */
export interface SlowProcess {
  correlationId: string;
  processName: string;
  currentStep: string | null;
  startedAt: Timestamp;
  ageMs: number;
  /** Of the completed ones; null while there are too few of them. */
  p99Ms: number | null;
  /** The age from which on it counts as slow: `p99Ms`, or a fixed one in its place. */
  slowAfterMs: number;
}

/** A step of a pending process whose last attempt failed, and that will be tried again. */
export interface RetryingStep {
  correlationId: string;
  processName: string;
  step: string;
  /** The one that failed. */
  attempt: number;
  retriesLeft: number;
  failedAt: Timestamp;
  /** May be over: then the attempt is under way, or no worker is there for it. */
  nextTryAt: Timestamp;
  code: string;
  /** Cut off; of a process with personal data it is the code. */
  message: string;
}

export interface Found<Item> {
  /** How many there are. */
  total: number;
  /** The oldest of them. */
  items: Item[];
}

/** Pending processes that are looked at: so many of those that have not changed for longest. */
export const MOST_LOOKED_AT = 100_000;

/** Finds what an operator should look at. All of it throws StoreUnavailableError when the database is away. */
export interface Attention {
  /** Pending processes that are older than 99 of 100 completed ones of their name were at their end. */
  slow(limit: number, signal?: AbortSignal): Promise<Found<SlowProcess>>;
  /** Steps whose last event is a failure with retries left. */
  retrying(limit: number, signal?: AbortSignal): Promise<Found<RetryingStep>>;
}
