import { setTimeout as sleep } from 'node:timers/promises';
import type { Archive, ArchiveCount } from '../domain/ports/archive.ts';
import type { Clock } from '../domain/ports/clock.ts';

export interface ArchiveLog {
  info(fields: object, message: string): void;
}

export interface ArchiveExpiredOptions {
  /** Milliseconds since its last change after which an ended process is archived. */
  olderThanMs: number;
  /** Processes in one transaction, at most. */
  batch: number;
  /** Shortest pause between two batches, in milliseconds. */
  pauseMs: number;
}

/** What a run has moved so far. */
export interface ArchiveTotals extends ArchiveCount {
  batches: number;
}

/**
 * Moves ended processes to the archive, batch by batch, until none is old enough or the signal fires.
 * Each batch is a transaction of its own, so a run may be ended anywhere, also by force, and the next one
 * goes on. After each batch it rests for as long as that took: live traffic has the database for half of
 * the time at least.
 *
 * @param onBatch hears of the totals after each batch
 * @throws StoreUnavailableError when the database is away; what was moved stays moved
 */
export async function archiveExpired(
  ports: { archive: Archive; clock: Clock; log: ArchiveLog },
  options: ArchiveExpiredOptions,
  signal: AbortSignal,
  onBatch: (totals: ArchiveTotals) => void = () => {},
): Promise<ArchiveTotals> {
  const { archive, clock, log } = ports;
  const { olderThanMs, batch, pauseMs } = options;
  // Once for the run: it ends, though processes go on growing old.
  const endedBefore = new Date(clock() - olderThanMs).toISOString();
  const totals: ArchiveTotals = { batches: 0, processes: 0, events: 0 };
  while (!signal.aborted) {
    const began = performance.now();
    const moved = await archive.moveBatch({ endedBefore, limit: batch });
    if (moved.processes === 0) break;
    const took = performance.now() - began;
    totals.batches++;
    totals.processes += moved.processes;
    totals.events += moved.events;
    log.info({ ...moved, ms: Math.round(took), total: totals.processes }, 'archived a batch');
    onBatch({ ...totals });
    await rest(Math.max(pauseMs, took), signal);
  }
  return totals;
}

/** Resolves after that many milliseconds, or when the signal fires. */
async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
