import { ExpressionError, type Scope } from '../expressions/expression.ts';
import type { RetrySource } from './program.ts';
import { intervalDue, intervalTimes, TimerError } from './timers.ts';

/*
 * How often a job that fails is attempted, and when: `camunda:failedJobRetryTimeCycle`, as Camunda's
 * `DefaultJobRetryCmd` reckons it.
 *
 * https://docs.camunda.org/manual/7.24/user-guide/process-engine/the-job-executor/#failed-jobs
 */

/** `R3/PT10S` has one interval and 3 attempts, `PT1M,PT5M` two intervals and 3 attempts. */
interface RetryCycle {
  /** Attempts in total. */
  readonly retries: number;
  readonly intervals: readonly string[];
}

/** Attempts that a job has when nothing says otherwise; each follows the one before at once. */
export const JOB_RETRIES = 3;
/** `R/PT10S`: Java's largest number. */
const UNLIMITED = 2_147_483_647;

/** A job before it failed. */
export interface FailingJob {
  readonly retries: number;
  /** It has not failed before. */
  readonly isFirst: boolean;
}

/** The next attempt at a job that has failed. */
export interface NextAttempt {
  /** 0: there is not one, and the failure is an incident. */
  readonly retries: number;
  /** Milliseconds since 1970; null: as soon as can be. */
  readonly due: number | null;
}

/**
 * The attempts at a job, when the job is made.
 *
 * @param source of its activity or event; null: it has none
 * @param byDefault what holds without a source; null: three attempts at once
 */
export function initialRetries(
  source: RetrySource | null,
  scope: Scope,
  byDefault: string | null,
): number {
  const cycle = resolve(source, scope, byDefault);
  if (!cycle) return JOB_RETRIES;
  // A job without an attempt would be an incident before it has run.
  return cycle.retries === 0 ? 1 : Math.max(0, cycle.retries);
}

/** What follows the failure of a job. The source is read again: variables may have changed. */
export function afterFailure(
  job: FailingJob,
  source: RetrySource | null,
  scope: Scope & { readonly now: number },
  byDefault: string | null,
): NextAttempt {
  const cycle = resolve(source, scope, byDefault);
  const before = cycle && job.isFirst ? cycle.retries : job.retries;
  const retries = Math.max(0, before - 1);
  return { retries, due: cycle && nextDue(cycle, before, scope.now) };
}

/** The last interval counts for all further attempts. @returns null for one that cannot be read */
function nextDue({ intervals }: RetryCycle, retries: number, now: number): number | null {
  const last = intervals.length - 1;
  const index = Math.max(0, Math.min(last, intervals.length - (retries - 1)));
  try {
    return intervalDue(intervals[index] ?? '', now);
  } catch (error) {
    if (error instanceof TimerError) return null;
    throw error;
  }
}

function resolve(
  source: RetrySource | null,
  scope: Scope,
  byDefault: string | null,
): RetryCycle | null {
  const text = source === null ? byDefault : textOf(source, scope);
  return text === null ? null : readRetryCycle(text);
}

/** Null for an expression that gives no text, or fails. */
function textOf(source: RetrySource, scope: Scope): string | null {
  if (typeof source === 'string') return source;
  try {
    const result = source.evaluate(scope);
    return result.type === 'String' && typeof result.value === 'string' ? result.value : null;
  } catch (error) {
    if (error instanceof ExpressionError) return null;
    throw error;
  }
}

/** @returns null for a text that Camunda ignores, because it cannot read it */
export function readRetryCycle(text: string): RetryCycle | null {
  const intervals = text.split(',').map((interval) => interval.trim());
  while (intervals.at(-1) === '') intervals.pop();
  const [only] = intervals;
  if (only === undefined) return null;
  if (intervals.length > 1) return { retries: intervals.length + 1, intervals };
  try {
    const times = intervalTimes(only);
    if (times !== null && times > UNLIMITED && times !== Number.POSITIVE_INFINITY) return null;
    return { retries: times === null ? 2 : Math.min(times, UNLIMITED), intervals };
  } catch (error) {
    if (error instanceof TimerError) return null;
    throw error;
  }
}
