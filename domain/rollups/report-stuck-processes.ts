import type { DeadLetters, Outbox } from '../outbox/index.ts';
import type { ProcessStore } from '../process/index.ts';
import type { RollupLag } from './rollup-lag.ts';
import type { Attention, Found, RetryingStep, SlowProcess } from './stuck-processes.ts';
import { MOST_LOOKED_AT } from './stuck-processes.ts';

/** The age from which on the oldest outbox row says that nothing is published; the alert of the docs waits as long. */
export const STALLED_AFTER_MS = 60_000;
/** Jobs that were given up are counted up to this. */
const MOST_FAILED_JOBS = 100;
/** Milliseconds that Redis has to answer. */
const REDIS_PATIENCE_MS = 2_000;

/** What needs attention. A part is null when it could not be told, and `unavailable` names it. */
export interface AttentionReport {
  pending: { count: number; isWhole: boolean } | null;
  slow: Found<SlowProcess> | null;
  retrying: Found<RetryingStep> | null;
  outbox: {
    rows: number;
    oldestAgeMs: number;
    stalledAfterMs: number;
    isStalled: boolean;
  } | null;
  /** Events that are not in the statistics yet, and for how long the first of them. */
  rollups: { eventsBehind: number; behindMs: number } | null;
  failedJobs: { count: number; isWhole: boolean } | null;
  unavailable: string[];
}

export interface AttentionPorts {
  attention: Attention;
  outbox: Pick<Outbox, 'depth'>;
  processStore: Pick<ProcessStore, 'countPending'>;
  deadLetters: Pick<DeadLetters, 'list'>;
  rollupLag: () => Promise<RollupLag>;
  /** Told why a part is missing. */
  onMissing: (part: string, error: unknown) => void;
}

/**
 * Asks for all parts at once. One that fails does not take the others with it: it is when something is wrong that
 * people ask.
 *
 * @throws StoreUnavailableError when no part of the database could be told
 */
export async function reportAttention(
  { attention, outbox, processStore, deadLetters, rollupLag, onMissing }: AttentionPorts,
  limit: number,
  signal: AbortSignal,
): Promise<AttentionReport> {
  const unavailable: string[] = [];
  const failures: unknown[] = [];

  async function part<T>(name: string, work: Promise<T>): Promise<T | null> {
    try {
      return await work;
    } catch (error) {
      if (name !== 'failedJobs') failures.push(error);
      unavailable.push(name);
      if (!signal.aborted) onMissing(name, error);
      return null;
    }
  }

  async function countPending() {
    const count = await processStore.countPending(MOST_LOOKED_AT + 1);
    return { count: Math.min(count, MOST_LOOKED_AT), isWhole: count <= MOST_LOOKED_AT };
  }

  async function readOutbox() {
    const { rows, oldestAgeMs } = await outbox.depth();
    const isStalled = oldestAgeMs > STALLED_AFTER_MS;
    return { rows, oldestAgeMs, stalledAfterMs: STALLED_AFTER_MS, isStalled };
  }

  async function readRollups() {
    const { events, ms } = await rollupLag();
    return { eventsBehind: events, behindMs: ms };
  }

  async function countFailedJobs() {
    const { length } = await inTime(deadLetters.list({}, MOST_FAILED_JOBS + 1));
    return { count: Math.min(length, MOST_FAILED_JOBS), isWhole: length <= MOST_FAILED_JOBS };
  }

  const [pending, slow, retrying, depth, rollups, failedJobs] = await Promise.all([
    part('pending', countPending()),
    part('slow', attention.slow(limit, signal)),
    part('retrying', attention.retrying(limit, signal)),
    part('outbox', readOutbox()),
    part('rollups', readRollups()),
    part('failedJobs', countFailedJobs()),
  ]);
  // The database has all of these: it is away.
  if (!pending && !slow && !retrying && !depth && !rollups) throw failures[0];
  return { pending, slow, retrying, outbox: depth, rollups, failedJobs, unavailable };
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`no answer in ${REDIS_PATIENCE_MS} ms`);
    timer = setTimeout(reject, REDIS_PATIENCE_MS, error);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
