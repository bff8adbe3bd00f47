import { type Clock, sleep } from '../common/index.ts';
import type { ArchiveCount } from './archive.ts';
import { endOfMonth } from './month.ts';
import type { ArchivedProcess, ArchivedVersion, HandOver, Purge } from './purge.ts';

export interface PurgeOptions {
  /** Milliseconds since its last change after which an archived process is deleted. */
  olderThanMs: number;
  /** Processes in one transaction, at most. */
  batch: number;
}

/** What a run has deleted so far. */
export interface PurgeTotals extends ArchiveCount {
  batches: number;
}

export type PurgedBatch = ArchiveCount & { ms: number };

/**
 * Rows of events that one transaction deletes at most, but for a longer stream. On SQLite a service has
 * nothing else done meanwhile.
 */
const MOST_EVENTS = 500;
/** Processes in one transaction at most, whatever is asked for: each is locked by name. */
const MOST_PROCESSES = 100;
/** Shortest rest after a batch, in milliseconds. */
const REST_MS = 5;

/**
 * Deletes old processes from the archive, batch by batch, until none is old enough or the signal fires.
 * Each batch is a transaction of its own. After each it rests for as long as that took.
 *
 * With a hand-over, a month is purged when all of it is old enough: what is archived of it is written into
 * files, and what complete files hold, at the very versions they hold, is deleted. The files are read
 * before anything is written: what an earlier run wrote and did not get to delete is deleted by them, and
 * is in no file twice.
 *
 * @param onBatch hears of each batch, and of the totals after it
 * @throws SetupError when the files cannot be written or read; StoreUnavailableError. Nothing is deleted
 *   that is not in a complete file.
 */
export async function purgeArchive(
  ports: { purge: Purge; handOver: HandOver | null; clock: Clock },
  options: PurgeOptions,
  signal: AbortSignal,
  onBatch: (batch: PurgedBatch, totals: PurgeTotals) => void = () => {},
): Promise<PurgeTotals> {
  const { purge, handOver, clock } = ports;
  const batch = Math.min(options.batch, MOST_PROCESSES);
  const changedBefore = new Date(clock() - options.olderThanMs).toISOString();
  const totals: PurgeTotals = { batches: 0, processes: 0, events: 0 };
  if (handOver) await handOverAndPurge(handOver);
  else await removeAll(archived(), false);
  return totals;

  async function handOverAndPurge(to: HandOver): Promise<void> {
    let changedFrom: string | undefined;
    while (!signal.aborted) {
      const [first] = await purge.list({ changedFrom, changedBefore, limit: 1 });
      if (!first) return;
      const month = first.updatedAt.slice(0, 7);
      const end = endOfMonth(month);
      if (end > changedBefore) return;
      await removeAll(to.contents(month), true);
      const left = await purge.list({ changedFrom, changedBefore: end, limit: 1 });
      if (left.length > 0 && !signal.aborted) {
        const written = await to.write(month, signal);
        if (written.processes > 0) await removeAll(to.contents(month), true);
      }
      // What is still there of this month is damaged, or was changed meanwhile.
      changedFrom = end;
    }
  }

  /** All that is old enough, in pages. */
  async function* archived(): AsyncGenerator<ArchivedProcess[]> {
    let after: ArchivedProcess | undefined;
    for (;;) {
      const page = await purge.list({ changedBefore, after, limit: batch });
      if (page.length === 0) return;
      yield page;
      after = page.at(-1);
    }
  }

  async function removeAll(
    pages: AsyncIterable<ArchivedVersion[]>,
    keepKeys: boolean,
  ): Promise<void> {
    for await (const page of pages) {
      for (const some of inBatches(page, batch)) {
        if (signal.aborted) return;
        const began = performance.now();
        const removed = await purge.remove(some, { keepKeys });
        // Deleted long ago, by a file that is still there.
        if (removed.processes === 0) continue;
        const ms = performance.now() - began;
        totals.batches++;
        totals.processes += removed.processes;
        totals.events += removed.events;
        onBatch({ ...removed, ms }, { ...totals });
        await sleep(Math.max(REST_MS, ms), signal);
      }
    }
  }
}

function* inBatches(page: readonly ArchivedVersion[], limit: number): Generator<ArchivedVersion[]> {
  let batch: ArchivedVersion[] = [];
  let events = 0;
  for (const process of page) {
    if (batch.length >= limit || (batch.length > 0 && events + process.version > MOST_EVENTS)) {
      yield batch;
      batch = [];
      events = 0;
    }
    batch.push(process);
    events += process.version;
  }
  if (batch.length > 0) yield batch;
}
