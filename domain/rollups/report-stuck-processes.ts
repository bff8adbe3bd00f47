import { inTime } from '../common/index.ts';
import type { DeadLetters, Outbox } from '../outbox/index.ts';
import type { ProcessStore } from '../process/index.ts';
import type { RollupLag } from './rollup-lag.ts';
import type { Found, RetryingStep, SlowProcess, StuckProcesses } from './stuck-processes.ts';
import { MAX_PENDING } from './stuck-processes.ts';

/** The age of the oldest outbox row from which on publishing counts as stalled; the alert in the docs has the same. */
export const STALLED_AFTER_MS = 60_000;
/** Dead letters are counted up to this number. */
const MAX_FAILED_JOBS = 100;
const REDIS_TIMEOUT_MS = 2_000;

/** What an operator should look at. A part that could not be read is null, and `unavailable` names it. */
interface StuckReport {
  pending: { count: number; isWhole: boolean } | null;
  slow: Found<SlowProcess> | null;
  retrying: Found<RetryingStep> | null;
  outbox: {
    rows: number;
    oldestAgeMs: number;
    stalledAfterMs: number;
    isStalled: boolean;
  } | null;
  /** Events that are not in the rollups yet, and the age of the first of them. */
  rollups: { eventsBehind: number; behindMs: number } | null;
  failedJobs: { count: number; isWhole: boolean } | null;
  unavailable: string[];
}

interface StuckReportPorts {
  stuckProcesses: StuckProcesses;
  outbox: Pick<Outbox, 'depth'>;
  processStore: Pick<ProcessStore, 'countPending'>;
  deadLetters: Pick<DeadLetters, 'list'>;
  rollupLag: () => Promise<RollupLag>;
  /** Receives the reason why a part is missing. */
  onMissing: (part: string, error: unknown) => void;
}

/**
 * Reads all parts at once. One that fails does not fail the others: people ask when something is wrong.
 *
 * @throws StoreUnavailableError when no part could be read from the database
 */
export async function reportStuckProcesses(
  { stuckProcesses, outbox, processStore, deadLetters, rollupLag, onMissing }: StuckReportPorts,
  limit: number,
  signal: AbortSignal,
): Promise<StuckReport> {
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
    const count = await processStore.countPending(MAX_PENDING + 1);
    return { count: Math.min(count, MAX_PENDING), isWhole: count <= MAX_PENDING };
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
    const { length } = await inTime(deadLetters.list({}, MAX_FAILED_JOBS + 1), REDIS_TIMEOUT_MS);
    return { count: Math.min(length, MAX_FAILED_JOBS), isWhole: length <= MAX_FAILED_JOBS };
  }

  const [pending, slow, retrying, depth, rollups, failedJobs] = await Promise.all([
    part('pending', countPending()),
    part('slow', stuckProcesses.slow(limit, signal)),
    part('retrying', stuckProcesses.retrying(limit, signal)),
    part('outbox', readOutbox()),
    part('rollups', readRollups()),
    part('failedJobs', countFailedJobs()),
  ]);
  // All of these come from the database: it is unavailable.
  if (!pending && !slow && !retrying && !depth && !rollups) throw failures[0];
  return { pending, slow, retrying, outbox: depth, rollups, failedJobs, unavailable };
}
