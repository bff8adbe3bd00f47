import {
  ARCHIVE_LOCKS,
  type Archive,
  type ArchiveTotals,
  archiveExpired,
  type MaintenanceLock,
  type MovedBatch,
  type PurgeTotals,
  TAKEN,
  takeLocks,
} from '../../../domain/archive/index.ts';
import { createProgressLines, type ProgressLog } from '../../../domain/common/index.ts';
import type { Queue } from '../../../domain/outbox/index.ts';
import { measureArchive } from '../../../infrastructure/observability/measure-archive.ts';
import type { Metrics } from '../../../infrastructure/observability/metrics.ts';
import type { Config } from '../../config.ts';
import { DAY_MS } from './day.ts';
import type { ConfiguredPurge } from './purge.ts';

/**
 * Has ended processes archived at the times of ARCHIVE_CRON, by one instance of all that do this. When
 * somebody else is at it, the command for one, that is left to them.
 */
export async function scheduleArchive(ports: {
  config: Pick<Config, 'ARCHIVE_AFTER_DAYS' | 'ARCHIVE_CRON' | 'ARCHIVE_BATCH'>;
  queue: Pick<Queue, 'schedule' | 'unschedule'>;
  archive: Pick<Archive, 'moveBatch'>;
  /** Left out or null: nothing is deleted. */
  purge?: ConfiguredPurge | null;
  maintenanceLock: MaintenanceLock;
  log: ProgressLog;
  metrics: Metrics;
}): Promise<void> {
  const { config, queue, archive, purge, maintenanceLock, log, metrics } = ports;
  const afterDays = config.ARCHIVE_AFTER_DAYS;
  if (afterDays === 0) {
    // Redis keeps the schedule of a time when it was on.
    await queue.unschedule('archive-expired');
    return;
  }
  const options = { olderThanMs: afterDays * DAY_MS, batch: config.ARCHIVE_BATCH };

  /** One that ends where it was told to has not done all. */
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

  /** The last part of a run: what is in the archive for long enough. */
  async function runPurge(purge: ConfiguredPurge, signal: AbortSignal): Promise<PurgeTotals> {
    const lines = createProgressLines(log);
    lines.start('purged a batch', 0);
    const totals = await purge.run(signal, ({ processes, events, ms }, { processes: done }) => {
      metrics.purged.inc({ what: 'processes' }, processes);
      metrics.purged.inc({ what: 'events' }, events);
      lines.update(done, { processes, events, ms: Math.round(ms) });
    });
    lines.stop();
    return totals;
  }

  await queue.schedule('archive-expired', { cron: config.ARCHIVE_CRON }, async (signal) => {
    const locks = await takeLocks(maintenanceLock, ARCHIVE_LOCKS);
    if (!locks.taken) {
      log.info({ lock: locks.by }, `archive: left out, ${TAKEN[locks.by]}`);
      return;
    }
    try {
      const totals = await measureArchive(metrics, (onBatch) => run(signal, onBatch));
      log.info({ ...totals, afterDays }, 'archive: run ended');
    } finally {
      await locks.release();
    }
    // Told to stop before it was done: another instance goes on.
    signal.throwIfAborted();
  });
}
