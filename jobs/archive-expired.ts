import {
  ARCHIVE_LOCKS,
  type Archive,
  type ArchivePreview,
  type ArchiveTotals,
  archiveExpired,
  type MaintenanceLock,
  type MovedBatch,
  type PurgedBatch,
  type PurgeTotals,
  TAKEN,
  takeLocks,
} from '../domain/archive/index.ts';
import {
  type ActEnd,
  type AuditAction,
  type AuditLog,
  audited,
  SERVICE_ACTOR,
} from '../domain/audit/index.ts';
import { createProgressLines, DAY_MS, type Log } from '../domain/common/index.ts';
import type { ScheduledJob } from './job.ts';

interface ArchivePorts {
  archive: Pick<Archive, 'moveBatch' | 'preview'>;
  auditLog: Pick<AuditLog, 'append'>;
  /** Left out or null: nothing is deleted. */
  purge?: Purge | null;
  maintenanceLock: MaintenanceLock;
  observer: ArchiveObserver;
  log: Pick<Log, 'info'>;
}

/** Deletes from the archive what is in it for long enough. */
export interface Purge {
  /** What a run would delete once all processes before `archivedBefore` are archived. */
  preview(archivedBefore: string): Promise<ArchivePreview>;
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
  /** `stopped`: the run was stopped before everything that is due was archived. */
  outcome: 'ok' | 'stopped';
  result: Result;
}

/**
 * At the times of ARCHIVE_CRON: archives ended processes that are old enough, then purges the archive. Skips the run
 * while a command archives.
 *
 * @param settings `afterDays`: 0 switches the job off
 */
export function archiveExpiredJob(
  { archive, auditLog, purge, maintenanceLock, observer, log }: ArchivePorts,
  { afterDays, cron, batch }: { afterDays: number; cron: string; batch: number },
): ScheduledJob {
  const options = { olderThanMs: afterDays * DAY_MS, batch };
  return {
    name: 'archive-expired',
    role: 'retention',
    schedule: afterDays === 0 ? null : { cron },
    async handler(signal) {
      const locks = await takeLocks(maintenanceLock, ARCHIVE_LOCKS);
      if (!locks.taken) {
        log.info({ lock: locks.by }, `archive: skipped, ${TAKEN[locks.by]}`);
        return;
      }
      try {
        const totals = await observer.archiveRun((onBatch) => run(signal, onBatch));
        log.info({ ...totals, afterDays }, 'archive: run ended');
      } finally {
        await locks.release();
      }
      // A run that was stopped early has not done its work: another service instance continues.
      signal.throwIfAborted();
    },
  };

  async function run(signal: AbortSignal, onBatch: (batch: MovedBatch) => void) {
    const lines = createProgressLines(log);
    lines.start('archived a batch', 0);
    const shown = (batch: MovedBatch, totals: ArchiveTotals): void => {
      onBatch(batch);
      const { processes, events, ms } = batch;
      lines.update(totals.processes, { processes, events, ms: Math.round(ms) });
    };
    const now = Date.now();
    const limit = new Date(now - options.olderThanMs).toISOString();
    const result = await logged('archive', await archive.preview(limit), signal, () =>
      archiveExpired({ archive, clock: () => now }, options, signal, shown),
    );
    lines.stop();
    const purged =
      purge && !signal.aborted
        ? await logged('purge', await purge.preview(limit), signal, () => runPurge(purge, signal))
        : undefined;
    const outcome = signal.aborted ? ('stopped' as const) : ('ok' as const);
    return { outcome, result: purged ? { ...result, purged } : result };
  }

  /** A run that finds nothing to do is no act: the audit log would have nothing else. */
  async function logged<Totals extends Pick<ArchiveTotals, 'processes' | 'events'>>(
    action: AuditAction,
    due: ArchivePreview,
    signal: AbortSignal,
    work: () => Promise<Totals>,
  ): Promise<Totals> {
    if (due.processes === 0) return work();
    const act = { action, actor: SERVICE_ACTOR, details: { due: due.processes } };
    return audited(
      auditLog,
      act,
      work,
      ({ processes, events }): ActEnd => ({
        outcome: signal.aborted ? 'stopped' : 'done',
        details: { processes, events },
      }),
    );
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
