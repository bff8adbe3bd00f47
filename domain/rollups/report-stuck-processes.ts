import { inTime, StoreUnavailableError } from '../common/index.ts';
import type { Engine, UnreadableInstance } from '../engine/index.ts';
import type { DeadLetters, Outbox } from '../outbox/index.ts';
import type { ProcessStore } from '../process/index.ts';
import type { TasksElsewhere, WaitingTopic } from '../steps/index.ts';
import type { RollupLag } from './rollup-lag.ts';
import type {
  Found,
  RetryingStep,
  SlowProcess,
  StuckFilter,
  StuckProcesses,
} from './stuck-processes.ts';
import { MAX_PENDING } from './stuck-processes.ts';

/** The age of the oldest outbox row from which on publishing counts as stalled; the alert in the docs has the same. */
export const STALLED_AFTER_MS = 60_000;
/** Dead letters are counted up to this number. */
const MAX_FAILED_JOBS = 100;
const REDIS_TIMEOUT_MS = 2_000;
/** Slow processes that the engine is asked about, the oldest. */
export const MAX_SLOW = 1_000;
/** Of which it is asked about so many at a time. */
const ENGINE_BATCH = 200;
const ENGINE_TIMEOUT_MS = 5_000;

/** What an operator should look at. A part that could not be read is null, and `unavailable` names it. */
interface StuckReport {
  pending: { count: number; isWhole: boolean } | null;
  slow: SlowReport | null;
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
  /** Instances that stand still until somebody deletes them. */
  unreadable: Found<UnreadableInstance> | null;
  /** Topics of steps that are done elsewhere, whose tasks no worker has, the longest wait first. */
  elsewhere: WaitingTopic[] | null;
  unavailable: string[];
}

/** Without those that wait for people: how long that takes is no fault of the service. */
export interface SlowReport extends Found<SlowProcess> {
  /** False: there are more than were examined. */
  isWhole: boolean;
  /** Those that are left out; null: the engine did not say, and none is. */
  waitingForPeople: number | null;
}

interface StuckReportPorts {
  stuckProcesses: StuckProcesses;
  outbox: Pick<Outbox, 'depth'>;
  processStore: Pick<ProcessStore, 'countPending'>;
  deadLetters: Pick<DeadLetters, 'list'>;
  rollupLag: () => Promise<RollupLag>;
  engine: Pick<Engine, 'findWaitingForPeople' | 'findUnreadable'>;
  elsewhere: Pick<TasksElsewhere, 'waitingTopics'>;
  /** Receives the reason why a part is missing. */
  onMissing: (part: string, error: unknown) => void;
}

/** Parts that do not come from the database. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  'failedJobs',
  'userTasks',
  'unreadable',
  'elsewhere',
]);

/**
 * Reads all parts at once; the filter narrows the slow processes and the steps that are retried. One that fails does not fail the others: people ask when something is wrong.
 *
 * @throws StoreUnavailableError when no part could be read from the database
 */
export async function reportStuckProcesses(
  ports: StuckReportPorts,
  limit: number,
  filter: StuckFilter,
  signal: AbortSignal,
): Promise<StuckReport> {
  const unavailable: string[] = [];
  const failures: unknown[] = [];

  const part: ReadPart = async (name, work) => {
    try {
      return await work;
    } catch (error) {
      if (!ELSEWHERE.has(name)) failures.push(error);
      unavailable.push(name);
      if (!signal.aborted) ports.onMissing(name, error);
      return null;
    }
  };

  const { stuckProcesses, engine } = ports;
  const [pending, slow, retrying, depth, rollups, failedJobs, unreadable, elsewhere] =
    await Promise.all([
      part('pending', countPending(ports)),
      part('slow', readSlow(ports, part, { limit, filter }, signal)),
      part('retrying', stuckProcesses.retrying(limit, filter, signal)),
      part('outbox', readOutbox(ports)),
      part('rollups', readRollups(ports)),
      part('failedJobs', countFailedJobs(ports)),
      part('unreadable', readUnreadable(engine, limit)),
      part('elsewhere', readElsewhere(ports)),
    ]);
  if (!pending && !slow && !retrying && !depth && !rollups) {
    // Whichever part came first: a closed connection has other errors as well.
    throw failures.find((error) => error instanceof StoreUnavailableError) ?? failures[0];
  }
  const counts = { pending, outbox: depth, rollups, failedJobs };
  return { ...counts, slow, retrying, unreadable, elsewhere, unavailable };
}

/** @returns null for a part that cannot be read */
type ReadPart = <T>(name: string, work: Promise<T>) => Promise<T | null>;

async function readSlow(
  { stuckProcesses, engine }: StuckReportPorts,
  part: ReadPart,
  { limit, filter }: { limit: number; filter: StuckFilter },
  signal: AbortSignal,
): Promise<SlowReport> {
  const { total, items } = await stuckProcesses.slow(MAX_SLOW, filter, signal);
  const asked = inTime(findWaiting(items, engine, signal), ENGINE_TIMEOUT_MS);
  const waiting = await part('userTasks', asked);
  const slow = items.filter((one) => !waiting?.has(one.processInstanceId ?? ''));
  const leftOut = items.length - slow.length;
  return {
    total: total - leftOut,
    items: slow.slice(0, limit),
    isWhole: total === items.length,
    waitingForPeople: waiting && leftOut,
  };
}

/**
 * Slow processes without those that wait for people; the oldest, where there are very many.
 *
 * @throws StoreUnavailableError, or EngineUnavailableError when the engine does not say who waits
 */
export async function findSlowProcesses(
  {
    stuckProcesses,
    engine,
  }: { stuckProcesses: StuckProcesses; engine: Pick<Engine, 'findWaitingForPeople'> },
  signal: AbortSignal,
): Promise<SlowProcess[]> {
  const { items } = await stuckProcesses.slow(MAX_SLOW, {}, signal);
  const waiting = await inTime(findWaiting(items, engine, signal), ENGINE_TIMEOUT_MS);
  return items.filter((one) => !waiting.has(one.processInstanceId ?? ''));
}

/** The instances among these that wait for people. */
async function findWaiting(
  slow: readonly SlowProcess[],
  engine: Pick<Engine, 'findWaitingForPeople'>,
  signal: AbortSignal,
): Promise<Set<string>> {
  const ids = slow.flatMap(({ processInstanceId }) => processInstanceId ?? []);
  const waiting = new Set<string>();
  for (let at = 0; at < ids.length && !signal.aborted; at += ENGINE_BATCH) {
    const found = await engine.findWaitingForPeople(ids.slice(at, at + ENGINE_BATCH));
    for (const id of found) waiting.add(id);
  }
  return waiting;
}

async function readUnreadable(engine: Pick<Engine, 'findUnreadable'>, limit: number) {
  const found = await inTime(engine.findUnreadable(), ENGINE_TIMEOUT_MS);
  return { total: found.length, items: found.slice(0, limit) };
}

async function readElsewhere({ elsewhere }: StuckReportPorts) {
  const topics = await inTime(elsewhere.waitingTopics(), ENGINE_TIMEOUT_MS);
  const since = ({ oldestAt }: WaitingTopic): string => oldestAt ?? '';
  return topics.sort((a, b) => (since(a) < since(b) ? -1 : 1));
}

async function countPending({ processStore }: StuckReportPorts) {
  const count = await processStore.countPending(MAX_PENDING + 1);
  return { count: Math.min(count, MAX_PENDING), isWhole: count <= MAX_PENDING };
}

async function readOutbox({ outbox }: StuckReportPorts) {
  const { rows, oldestAgeMs } = await outbox.depth();
  const isStalled = oldestAgeMs > STALLED_AFTER_MS;
  return { rows, oldestAgeMs, stalledAfterMs: STALLED_AFTER_MS, isStalled };
}

async function readRollups({ rollupLag }: StuckReportPorts) {
  const { events, ms } = await rollupLag();
  return { eventsBehind: events, behindMs: ms };
}

async function countFailedJobs({ deadLetters }: StuckReportPorts) {
  const { length } = await inTime(deadLetters.list({}, MAX_FAILED_JOBS + 1), REDIS_TIMEOUT_MS);
  return { count: Math.min(length, MAX_FAILED_JOBS), isWhole: length <= MAX_FAILED_JOBS };
}
