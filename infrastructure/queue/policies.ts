import type { JobName } from '../../domain/ports.ts';

export interface RetryPolicy {
  /** Attempts in all before the job counts as failed. */
  attempts: number;
  /** Milliseconds before the second attempt; doubled before each later one. */
  backoff: number;
  /** Longest pause, in milliseconds. */
  maxBackoff: number;
}

/**
 * How often and when a job is tried again. The jobs that call the engine outlast an engine that is
 * restarted; a projection only needs the database, and the next event of its stream repeats it.
 */
export const POLICIES: Record<JobName, RetryPolicy> = {
  'start-instance': { attempts: 12, backoff: 250, maxBackoff: 30_000 },
  'cancel-instance': { attempts: 12, backoff: 250, maxBackoff: 30_000 },
  'project-process': { attempts: 8, backoff: 50, maxBackoff: 10_000 },
};

/** Milliseconds to wait after the n-th failed attempt, n from 1. */
export function backoffAfter(policy: RetryPolicy, failed: number): number {
  return Math.min(policy.maxBackoff, policy.backoff * 2 ** (failed - 1));
}

export interface QueueLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
