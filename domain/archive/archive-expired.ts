import { type Clock, createBatchSize, sleep } from '../common/index.ts';
import type { Archive, ArchiveCount, Batch } from './archive.ts';

interface ArchiveExpiredOptions {
  /** Milliseconds since its last change after which an ended process is archived. */
  olderThanMs: number;
  /** Processes in one transaction, at most. */
  batch: number;
}

/** What a run has moved so far. */
export interface ArchiveTotals extends ArchiveCount {
  batches: number;
}

/** What a batch moved, and the milliseconds that its transaction took. */
export type MovedBatch = Pick<Batch, 'processes' | 'events' | 'ms'>;

/**
 * The delay after a batch while nobody else seems to write. A write of another process that came meanwhile tries
 * again every few milliseconds, and finds the database free within one such delay.
 */
const QUIET_DELAY_MS = 5;
/**
 * Milliseconds of a transaction while nobody else seems to write. A longer one writes the pages of the random indexes
 * less often; the first write that comes meanwhile waits for no more than this, and then batches are short again.
 */
const QUIET_BATCH_MS = 150;

/**
 * Moves ended processes to the archive, batch by batch, until none is old enough or the signal fires.
 * Each batch is a transaction of its own, so a run may be ended anywhere, also by force, and the next one
 * continues. While others write, batches have as many processes as fit into about 50 ms, and it waits after each
 * for as long as that took: they have the database for at least half of the time.
 *
 * @param onBatch receives each batch, and the totals after it
 * @throws StoreUnavailableError when the database is away; what was moved stays moved
 */
export async function archiveExpired(
  ports: { archive: Pick<Archive, 'moveBatch'>; clock: Clock },
  { olderThanMs, batch: limit }: ArchiveExpiredOptions,
  signal: AbortSignal,
  onBatch: (batch: MovedBatch, totals: ArchiveTotals) => void = () => {},
): Promise<ArchiveTotals> {
  const { archive, clock } = ports;
  // Fixed for the run: otherwise it would not end, because more processes get old enough.
  const endedBefore = new Date(clock() - olderThanMs).toISOString();
  const totals: ArchiveTotals = { batches: 0, processes: 0, events: 0 };
  const size = createBatchSize(limit);
  let before: Batch | undefined;
  while (!signal.aborted) {
    const began = performance.now();
    const options = { endedBefore, limit: size.next(), after: before?.next ?? undefined };
    const batch = await archive.moveBatch(options);
    const took = performance.now() - began;
    const othersWrite = before !== undefined && isNewer(batch.newestEvent, before.newestEvent);
    if (batch.processes > 0) {
      totals.batches++;
      totals.processes += batch.processes;
      totals.events += batch.events;
      size.learn(batch.processes, batch.ms, othersWrite ? undefined : QUIET_BATCH_MS);
      onBatch(batch, { ...totals });
    }
    if (!batch.next) break;
    await sleep(othersWrite ? took : QUIET_DELAY_MS, signal);
    before = batch;
  }
  return totals;
}

/** Ids count up; the newest event may also have been archived. */
function isNewer(id: string | null, than: string | null): boolean {
  return id !== null && BigInt(id) > BigInt(than ?? 0);
}
