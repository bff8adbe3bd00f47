import { purgeArchive } from '../../../domain/archive/index.ts';
import { DAY_MS, SetupError } from '../../../domain/common/index.ts';
import type { Database } from '../../../infrastructure/sql/database.ts';
import type { Purge } from '../../../jobs/archive-expired.ts';
import type { Config } from '../../config.ts';

type PurgeConfig = Pick<
  Config,
  'ARCHIVE_AFTER_DAYS' | 'ARCHIVE_PURGE_AFTER_DAYS' | 'ARCHIVE_EXPORT_DIR' | 'ARCHIVE_BATCH'
>;
type PurgeDatabase = Pick<Database, 'purge' | 'archivedRows'> & {
  archive: Pick<Database['archive'], 'preview'>;
};

/**
 * @returns null when nothing is ever deleted
 * @throws SetupError for settings that contradict each other
 */
export function checkPurge(config: PurgeConfig): { afterMs: number } | null {
  const { ARCHIVE_AFTER_DAYS: archive, ARCHIVE_PURGE_AFTER_DAYS: purge } = config;
  if (purge === 0) {
    if (config.ARCHIVE_EXPORT_DIR === '') return null;
    throw new SetupError(
      'ARCHIVE_EXPORT_DIR: is for processes that are purged, but ARCHIVE_PURGE_AFTER_DAYS is 0; set it, too',
    );
  }
  if (archive === 0) {
    throw new SetupError(
      `ARCHIVE_PURGE_AFTER_DAYS: is ${purge}, but ARCHIVE_AFTER_DAYS is 0, so nothing is archived; set it, too`,
    );
  }
  if (purge <= archive) {
    throw new SetupError(
      `ARCHIVE_PURGE_AFTER_DAYS: must be greater than ARCHIVE_AFTER_DAYS, which is ${archive}, not ${purge}`,
    );
  }
  return { afterMs: purge * DAY_MS };
}

/**
 * How long the instance of a failed process is kept for a retry. It goes a day before its process is purged: later nobody
 * would know whose it is.
 */
export function retryKeepMs(
  config: Pick<Config, 'RETRY_KEEP_DAYS' | 'ARCHIVE_PURGE_AFTER_DAYS'>,
): number {
  const { RETRY_KEEP_DAYS: keep, ARCHIVE_PURGE_AFTER_DAYS: purge } = config;
  return (purge === 0 ? keep : Math.min(keep, purge - 1)) * DAY_MS;
}

/** The configured purge; null when nothing is ever deleted. */
export function openPurge(
  config: PurgeConfig,
  database: PurgeDatabase,
  clock: () => number = Date.now,
): Purge | null {
  const settings = checkPurge(config);
  if (!settings) return null;
  const olderThanMs = settings.afterMs;
  const folder = config.ARCHIVE_EXPORT_DIR;
  const { purge, archivedRows, archive } = database;
  /** Loaded by the first purge: most services have none. */
  async function openColdArchive() {
    if (folder === '') return null;
    const { createColdArchive } = await import('../../../infrastructure/files/cold-archive.ts');
    return createColdArchive(folder, archivedRows);
  }
  const batch = config.ARCHIVE_BATCH;
  return {
    async run(signal, onBatch) {
      const ports = { purge, coldArchive: await openColdArchive(), clock };
      return purgeArchive(ports, { olderThanMs, batch }, signal, onBatch);
    },
    async preview(archivedBefore) {
      const limit = new Date(clock() - olderThanMs).toISOString();
      // The cold archive takes whole months.
      const before = folder !== '' ? `${limit.slice(0, 7)}-01T00:00:00.000Z` : limit;
      const found = [
        await purge.preview(before),
        // Processes that are not archived yet, but would be before the purge.
        await archive.preview([before, archivedBefore].sort()[0] ?? before),
      ];
      const times = found
        .flatMap(({ oldest, newest }) => [oldest ?? [], newest ?? []].flat())
        .sort();
      return {
        processes: found.reduce((sum, { processes }) => sum + processes, 0),
        events: found.reduce((sum, { events }) => sum + events, 0),
        oldest: times.at(0) ?? null,
        newest: times.at(-1) ?? null,
      };
    },
  };
}
