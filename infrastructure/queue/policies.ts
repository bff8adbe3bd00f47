import type { Job, JobName } from '../../domain/ports.ts';
import { type LogIds, logIds } from '../../domain/trace-context.ts';

export interface RetryPolicy {
  /** Attempts in all before the job counts as failed. */
  attempts: number;
  /** Milliseconds before the second attempt; doubled before each later one. */
  backoff: number;
  /** Longest pause, in milliseconds. */
  maxBackoff: number;
}

/** Months of trying, at the longest pause. */
const UNTIL_DONE = 1_000_000;

/**
 * How often and when a job is tried again. A job throws only for what may pass: the engine or the
 * database is away, for hours perhaps (G10). With BullMQ the outbox row is gone by then, so a job that
 * gave up would be a process that never starts, or never ends for its callers.
 */
export const POLICIES: Record<JobName, RetryPolicy> = {
  'start-instance': { attempts: UNTIL_DONE, backoff: 250, maxBackoff: 30_000 },
  'retry-instance': { attempts: UNTIL_DONE, backoff: 250, maxBackoff: 30_000 },
  'cancel-instance': { attempts: UNTIL_DONE, backoff: 250, maxBackoff: 30_000 },
  'project-process': { attempts: UNTIL_DONE, backoff: 50, maxBackoff: 10_000 },
};

/** Milliseconds to wait after the n-th failed attempt, n from 1. */
export function backoffAfter(policy: RetryPolicy, failed: number): number {
  return Math.min(policy.maxBackoff, policy.backoff * 2 ** (failed - 1));
}

/** What a log line about a job carries of its process. */
export function jobIds({ correlationId, traceparent }: Job): LogIds {
  return logIds(correlationId, traceparent);
}

export interface QueueLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
