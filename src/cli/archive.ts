import { type Command, InvalidArgumentError } from 'commander';
import {
  ARCHIVE_LOCKS,
  type Archive,
  archiveExpired,
  type PurgeTotals,
} from '../../domain/archive/index.ts';
import { DAY_MS, SetupError } from '../../domain/common/index.ts';
import type { Purge } from '../../jobs/archive-expired.ts';
import { checkPurge, openPurge } from '../composition/jobs/purge.ts';
import { ARCHIVE_BATCH_MAX, type Config } from '../config.ts';
import { readDuration } from './duration.ts';
import type { Progress } from './maintenance/progress.ts';
import { type Maintenance, runMaintenance } from './maintenance/run-maintenance.ts';

interface ArchiveOptions {
  /** Milliseconds. */
  olderThan?: number;
  dryRun?: boolean;
  batch?: number;
}

/** `archive`: moves ended processes to the archive now, in the configured database. */
export function configure(command: Command): void {
  command
    .option(
      '--older-than <time>',
      'time since their last change, e.g. 90d, 12h, 30m; left out: ARCHIVE_AFTER_DAYS',
      readDuration,
    )
    .option('--dry-run', 'only print what would be archived and purged')
    .option(
      '--batch <number>',
      'processes in one transaction, at most; left out: ARCHIVE_BATCH',
      readBatch,
    )
    .action(async (options: ArchiveOptions) => {
      await runMaintenance(
        async (maintenance) => {
          checkPurge(maintenance.config);
          const olderThanMs = olderThan(options, maintenance.config);
          if (options.dryRun) await preview(maintenance, olderThanMs);
          else await move(maintenance, olderThanMs, options.batch);
        },
        // A preview changes nothing, and may run while others archive.
        { locks: options.dryRun ? [] : ARCHIVE_LOCKS },
      );
    });
}

async function move(
  { config, database, progress, signal, audited }: Maintenance,
  olderThanMs: number,
  batch = config.ARCHIVE_BATCH,
): Promise<void> {
  const { archive } = database;
  const began = performance.now();
  const limit = limitOf(olderThanMs);
  const { processes: expected } = await archive.preview(limit);
  progress.start('archive', expected);
  const ports = { archive, clock: Date.now };
  const totals = await audited(
    { action: 'archive', details: { changedBefore: limit } },
    () =>
      archiveExpired(ports, { olderThanMs, batch }, signal, (moved, sum) => {
        const { processes, events, ms } = moved;
        progress.update(sum.processes, { processes, events, ms: Math.round(ms) });
      }),
    ({ processes, events }) => ({ details: { processes, events } }),
  );
  progress.stop();
  const { processes, events, batches } = totals;
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  progress.print(
    `archived ${processes} processes with ${events} events in ${batches} batches, ${seconds} s`,
  );
  const purge = openPurge(config, database);
  if (!purge || signal.aborted) return;
  await audited(
    { action: 'purge' },
    () => runPurge(purge, limit, progress, signal),
    ({ processes, events }) => ({ details: { processes, events } }),
  );
}

/** The last part of a run: what is in the archive for long enough. */
async function runPurge(
  purge: Purge,
  limit: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<PurgeTotals> {
  progress.start('purge', (await purge.preview(limit)).processes);
  const totals = await purge.run(signal, (batch, sum) => {
    progress.update(sum.processes, { ...batch, ms: Math.round(batch.ms) });
  });
  progress.stop();
  const { processes, events } = totals;
  progress.print(`purged ${processes} processes with ${events} events`);
  return totals;
}

async function preview(
  { config, database, progress }: Maintenance,
  olderThanMs: number,
): Promise<void> {
  const archive: Archive = database.archive;
  const limit = limitOf(olderThanMs);
  const { processes, events, oldest, newest } = await archive.preview(limit);
  const bytes = await archive.previewBytes(limit);
  progress.print(`processes  ${processes}`);
  progress.print(`events     ${events}`);
  progress.print(`bytes      ${bytes}`);
  progress.print(`oldest     ${oldest ?? '-'}`);
  progress.print(`newest     ${newest ?? '-'}`);
  const purge = await openPurge(config, database)?.preview(limit);
  if (!purge) return;
  progress.print(`purged     ${purge.processes} processes with ${purge.events} events`);
  progress.print(`           last changed from ${purge.oldest ?? '-'} to ${purge.newest ?? '-'}`);
}

const limitOf = (olderThanMs: number): string => new Date(Date.now() - olderThanMs).toISOString();

function olderThan({ olderThan: given }: ArchiveOptions, config: Config): number {
  if (given !== undefined) return given;
  if (config.ARCHIVE_AFTER_DAYS > 0) return config.ARCHIVE_AFTER_DAYS * DAY_MS;
  throw new SetupError(
    '--older-than: ARCHIVE_AFTER_DAYS is 0, never; say after what time to archive, e.g. --older-than 90d',
  );
}

function readBatch(text: string): number {
  const batch = Number(text);
  if (Number.isInteger(batch) && batch >= 1 && batch <= ARCHIVE_BATCH_MAX) return batch;
  throw new InvalidArgumentError(`It must be a number from 1 to ${ARCHIVE_BATCH_MAX}.`);
}
