import { type Log, type LogIds, logIds } from '../common/index.ts';
import type { Job, JobName } from './queue.ts';

export interface RetryPolicy {
  /** Attempts that may fail for a reason that is not transient; after the last the job becomes a dead letter. */
  attempts: number;
  /** Milliseconds before the second attempt; doubled before each later one. */
  backoff: number;
  /** Longest delay, in milliseconds. */
  maxBackoff: number;
}

/**
 * How often and when a job is tried again. What is transient (`isTransient`: the database, the engine or Redis is
 * away, for hours perhaps) is tried without end (G10): with BullMQ the outbox row is gone by then, so a
 * job that gave up would be a process that never starts, or never ends for its callers. Anything else is a
 * defect or data that nobody can read; it is given up after about two minutes and becomes a dead letter.
 */
export const POLICIES: Record<JobName, RetryPolicy> = {
  'start-instance': { attempts: 11, backoff: 250, maxBackoff: 30_000 },
  'retry-instance': { attempts: 11, backoff: 250, maxBackoff: 30_000 },
  'cancel-instance': { attempts: 11, backoff: 250, maxBackoff: 30_000 },
  'complete-user-task': { attempts: 11, backoff: 250, maxBackoff: 30_000 },
  'project-process': { attempts: 20, backoff: 50, maxBackoff: 10_000 },
};

/** Milliseconds to wait after the n-th failed attempt, n from 1. */
export function backoffAfter(policy: RetryPolicy, failed: number): number {
  return Math.min(policy.maxBackoff, policy.backoff * 2 ** (failed - 1));
}

/** What a log line about a job carries of its process. */
export function jobIds({ correlationId, traceparent }: Job): LogIds {
  return logIds(correlationId, traceparent);
}

export type QueueLog = Pick<Log, 'debug' | 'warn' | 'error'>;
