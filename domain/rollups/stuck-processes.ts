import type { Timestamp } from '../common/index.ts';
import type { SoughtIdentifier, SoughtText } from '../identifiers/index.ts';

/** A pending process that takes longer than most of its definition. */
export interface SlowProcess {
  correlationId: string;
  processName: string;
  /** Null before the engine has it. */
  processInstanceId: string | null;
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
  /** May be in the past: then the attempt is running, or no worker takes it. */
  nextTryAt: Timestamp;
  code: string;
  /** Shortened; for a process with personal data it is the code. */
  message: string;
}

export interface Found<Item> {
  /** How many there are. */
  total: number;
  /** The oldest of them. */
  items: Item[];
}

/** Pending processes that are read: those that have not changed for the longest time. */
export const MAX_PENDING = 100_000;

/** What stuck and slow processes are narrowed by. */
export interface StuckFilter {
  /** Of an attempt that failed. */
  errorCode?: SoughtText | undefined;
  /** All of them. */
  identifiers?: readonly SoughtIdentifier[] | undefined;
}

/** Finds stuck and slow processes. All of it throws StoreUnavailableError. */
export interface StuckProcesses {
  /** Pending processes that are older than 99 of 100 completed ones of their name were at their end. */
  slow(limit: number, filter?: StuckFilter, signal?: AbortSignal): Promise<Found<SlowProcess>>;
  /** Steps whose last event is a failure with retries left. */
  retrying(limit: number, filter?: StuckFilter, signal?: AbortSignal): Promise<Found<RetryingStep>>;
}
