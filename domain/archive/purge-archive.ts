import { type Clock, sleep } from '../common/index.ts';
import type { ArchiveCount } from './archive.ts';
import { endOfMonth, type Month } from './month.ts';
import type { ArchivedProcess, ArchivedVersion, ColdArchive, Purge } from './purge.ts';

interface PurgeOptions {
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
 * Events that one transaction deletes, unless a single stream is longer. On SQLite a service does nothing else
 * meanwhile.
 */
const MAX_EVENTS = 500;
/** Processes in one transaction, whatever the option says: each is locked by name. */
const MAX_PROCESSES = 100;
/** The shortest delay after a batch. */
const MIN_DELAY_MS = 5;

/**
 * Deletes old processes from the archive, batch by batch, until none is old enough or the signal fires.
 * Each batch is a transaction of its own. After each it waits for as long as that took.
 *
 * With a cold archive, a month is purged when all of it is old enough: its archived processes are written into files,
 * part by part, and what complete files contain, at exactly these versions, is deleted. The files are read before
 * anything is written: what an earlier run wrote and did not delete yet is deleted by them, and is in no file twice.
 *
 * @param onBatch receives each batch, and the totals after it
 * @throws SetupError when the files cannot be written or read; StoreUnavailableError. Nothing is deleted
 *   that is not in a complete file.
 */
export async function purgeArchive(
  ports: { purge: Purge; coldArchive: ColdArchive | null; clock: Clock },
  options: PurgeOptions,
  signal: AbortSignal,
  onBatch: (batch: PurgedBatch, totals: PurgeTotals) => void = () => {},
): Promise<PurgeTotals> {
  const { purge, coldArchive, clock } = ports;
  const batch = Math.min(options.batch, MAX_PROCESSES);
  const changedBefore = new Date(clock() - options.olderThanMs).toISOString();
  const totals: PurgeTotals = { batches: 0, processes: 0, events: 0 };
  if (coldArchive) await writeAndPurge(coldArchive);
  else await removeAll(archived(), false);
  return totals;

  async function writeAndPurge(files: ColdArchive): Promise<void> {
    let changedFrom: string | undefined;
    while (!signal.aborted) {
      const [first] = await purge.list({ changedFrom, changedBefore, limit: 1 });
      if (!first) return;
      const month = first.updatedAt.slice(0, 7);
      const end = endOfMonth(month);
      if (end > changedBefore) return;
      await removeAll(files.contents(month), true);
      const left = await purge.list({ changedFrom, changedBefore: end, limit: 1 });
      if (left.length > 0) await writeParts(files, month);
      // Processes of this month that remain are damaged, or changed meanwhile.
      changedFrom = end;
    }
  }

  /** Each part is purged before the next one is written: a run that is killed resumes behind the last whole part. */
  async function writeParts(files: ColdArchive, month: Month): Promise<void> {
    let after: ArchivedProcess | undefined;
    while (!signal.aborted) {
      const part = await files.writePart(month, after, signal);
      if (!part) return;
      await removeAll(part.contents(), true);
      after = part.last;
    }
  }

  /** All processes that are old enough, in pages. */
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
        // An earlier run has deleted what this file contains.
        if (removed.processes === 0) continue;
        const ms = performance.now() - began;
        totals.batches++;
        totals.processes += removed.processes;
        totals.events += removed.events;
        onBatch({ ...removed, ms }, { ...totals });
        await sleep(Math.max(MIN_DELAY_MS, ms), signal);
      }
    }
  }
}

function* inBatches(page: readonly ArchivedVersion[], limit: number): Generator<ArchivedVersion[]> {
  let batch: ArchivedVersion[] = [];
  let events = 0;
  for (const process of page) {
    if (batch.length >= limit || (batch.length > 0 && events + process.version > MAX_EVENTS)) {
      yield batch;
      batch = [];
      events = 0;
    }
    batch.push(process);
    events += process.version;
  }
  if (batch.length > 0) yield batch;
}
