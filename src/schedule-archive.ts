import type { Archive } from '../domain/ports/archive.ts';
import type { Queue } from '../domain/ports/queue.ts';
import { measureArchive } from '../infrastructure/observability/measure-archive.ts';
import type { Metrics } from '../infrastructure/observability/metrics.ts';
import { type ArchiveLog, archiveExpired } from '../jobs/archive-expired.ts';
import type { Config } from './config.ts';

/** Milliseconds of a day. */
export const DAY_MS = 86_400_000;
/** Shortest rest between two batches, in milliseconds; it is longer after one that took longer. */
export const ARCHIVE_PAUSE_MS = 50;

/** Has ended processes archived at the times of ARCHIVE_CRON, by one instance of all that do this. */
export async function scheduleArchive(ports: {
  config: Pick<Config, 'ARCHIVE_AFTER_DAYS' | 'ARCHIVE_CRON' | 'ARCHIVE_BATCH'>;
  queue: Pick<Queue, 'schedule' | 'unschedule'>;
  archive: Archive;
  log: ArchiveLog;
  metrics: Metrics;
}): Promise<void> {
  const { config, queue, archive, log, metrics } = ports;
  if (config.ARCHIVE_AFTER_DAYS === 0) {
    // Redis keeps the schedule of a time when it was on.
    await queue.unschedule('archive-expired');
    return;
  }
  const options = {
    olderThanMs: config.ARCHIVE_AFTER_DAYS * DAY_MS,
    batch: config.ARCHIVE_BATCH,
    pauseMs: ARCHIVE_PAUSE_MS,
  };
  await queue.schedule('archive-expired', { cron: config.ARCHIVE_CRON }, async (signal) => {
    const totals = await measureArchive(metrics, () =>
      archiveExpired({ archive, clock: Date.now, log }, options, signal),
    );
    log.info({ ...totals, afterDays: config.ARCHIVE_AFTER_DAYS }, 'archive: run ended');
    // Told to stop before it was done: another instance goes on.
    signal.throwIfAborted();
  });
}
