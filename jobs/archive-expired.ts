import {
  ARCHIVE_LOCKS,
  type Archive,
  type ArchiveTotals,
  archiveExpired,
  type MaintenanceLock,
  type MovedBatch,
  type PurgedBatch,
  type PurgeTotals,
  TAKEN,
  takeLocks,
} from '../domain/archive/index.ts';
import { createProgressLines, DAY_MS, type ProgressLog } from '../domain/common/index.ts';
import type { Queue } from '../domain/outbox/index.ts';

const NAME = 'archive-expired';

interface ArchivePorts {
  archive: Pick<Archive, 'moveBatch'>;
  /** Left out or null: nothing is deleted. */
  purge?: Purge | null;
  maintenanceLock: MaintenanceLock;
  observer: ArchiveObserver;
  log: ProgressLog;
}

/** Deletes from the archive what is in it for long enough. */
export interface Purge {
  run(
    signal: AbortSignal,
    onBatch: (batch: PurgedBatch, totals: PurgeTotals) => void,
  ): Promise<PurgeTotals>;
}

/** Measures the runs, batch by batch: a run may take hours. */
interface ArchiveObserver {
  archiveRun<Result>(
    run: (onBatch: (batch: MovedBatch) => void) => Promise<Run<Result>>,
  ): Promise<Result>;
  onPurged(batch: PurgedBatch): void;
}

interface Run<Result> {
  /** It did all there was to do, or was told to stop before. */
  outcome: 'ok' | 'stopped';
  result: Result;
}

/**
 * Schedules the archiving of ended processes, and the purge that follows it, on one service instance at a
 * time. A run is left out while somebody else archives, with the command for example.
 */
export async function scheduleArchive(
  queue: Pick<Queue, 'schedule' | 'unschedule'>,
  { afterDays, cron, batch }: { afterDays: number; cron: string; batch: number },
  { archive, purge, maintenanceLock, observer, log }: ArchivePorts,
): Promise<void> {
  if (afterDays === 0) {
    // Redis keeps the schedule of a time when it was on.
    await queue.unschedule(NAME);
    return;
  }
  const options = { olderThanMs: afterDays * DAY_MS, batch };

  await queue.schedule(NAME, { cron }, async (signal) => {
    const locks = await takeLocks(maintenanceLock, ARCHIVE_LOCKS);
    if (!locks.taken) {
      log.info({ lock: locks.by }, `archive: left out, ${TAKEN[locks.by]}`);
      return;
    }
    try {
      const totals = await observer.archiveRun((onBatch) => run(signal, onBatch));
      log.info({ ...totals, afterDays }, 'archive: run ended');
    } finally {
      await locks.release();
    }
    // Told to stop before it was done: another instance continues.
    signal.throwIfAborted();
  });

  async function run(signal: AbortSignal, onBatch: (batch: MovedBatch) => void) {
    const lines = createProgressLines(log);
    lines.start('archived a batch', 0);
    const shown = (batch: MovedBatch, totals: ArchiveTotals): void => {
      onBatch(batch);
      const { processes, events, ms } = batch;
      lines.update(totals.processes, { processes, events, ms: Math.round(ms) });
    };
    const result = await archiveExpired({ archive, clock: Date.now }, options, signal, shown);
    lines.stop();
    const purged = purge && !signal.aborted ? await runPurge(purge, signal) : undefined;
    const outcome = signal.aborted ? ('stopped' as const) : ('ok' as const);
    return { outcome, result: purged ? { ...result, purged } : result };
  }

  async function runPurge(purge: Purge, signal: AbortSignal): Promise<PurgeTotals> {
    const lines = createProgressLines(log);
    lines.start('purged a batch', 0);
    const totals = await purge.run(signal, (batch, { processes: done }) => {
      observer.onPurged(batch);
      const { processes, events, ms } = batch;
      lines.update(done, { processes, events, ms: Math.round(ms) });
    });
    lines.stop();
    return totals;
  }
}
