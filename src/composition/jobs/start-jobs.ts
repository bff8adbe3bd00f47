import type { FastifyBaseLogger } from 'fastify';
import { DAY_MS } from '../../../domain/common/index.ts';
import type { Engine } from '../../../domain/engine/index.ts';
import type { Queue } from '../../../domain/outbox/index.ts';
import type { Notifier } from '../../../domain/process/index.ts';
import { createArchiveObserver } from '../../../infrastructure/observability/archive-observer.ts';
import { scheduleArchive } from '../../../jobs/archive-expired.ts';
import { jobHandlersOf } from '../../../jobs/job-handlers.ts';
import { scheduleReconciler } from '../../../jobs/reconcile-processes.ts';
import { scheduleRollup } from '../../../jobs/rollup-events.ts';
import type { Config, Role } from '../../config.ts';
import type { Stores } from '../database/stores.ts';
import { attemptsOf, type LoadedProcess } from '../definitions/load-processes.ts';
import type { Observability } from '../observability/observability.ts';
import { openPurge } from './purge.ts';

/** Starts the jobs that events cause, and those that run on a schedule, as far as this instance has their roles. */
export async function startJobs(options: {
  config: Config;
  has: (role: Role) => boolean;
  processes: readonly LoadedProcess[];
  stores: Stores;
  engine: Engine;
  queue: Queue;
  notifier: Notifier;
  observability: Pick<Observability, 'log' | 'metrics'>;
  log: FastifyBaseLogger;
}): Promise<void> {
  const { config, has, processes, queue, observability, log } = options;
  const { database, decrypted } = options.stores;
  const ports = {
    eventStore: decrypted.eventStore,
    // Encrypted: what it projects goes to memory and to other service instances.
    processStore: database.processStore,
    notifier: options.notifier,
    engine: options.engine,
    attemptsOf: attemptsOf(processes),
  };
  await queue.work(jobHandlersOf(has, ports));
  if (has('worker')) {
    await scheduleReconciler(
      queue,
      {
        everyMs: config.RECONCILE_EVERY_MS,
        afterMs: config.RECONCILE_AFTER_MS,
        keepMs: config.RETRY_KEEP_DAYS * DAY_MS,
        processKeys: processes.map(({ definition }) => definition.key),
      },
      { ...ports, processKeys: database.processKeys, log, clock: Date.now },
    );
  }
  if (has('projector')) {
    const { rollups: store, rollupSource: source } = database;
    await scheduleRollup(queue, { everyMs: config.ROLLUP_EVERY_MS }, { source, store });
  }
  if (has('retention')) {
    const { archive, maintenanceLock } = database;
    await scheduleArchive(
      queue,
      {
        afterDays: config.ARCHIVE_AFTER_DAYS,
        cron: config.ARCHIVE_CRON,
        batch: config.ARCHIVE_BATCH,
      },
      {
        archive,
        maintenanceLock,
        purge: openPurge(config, database),
        observer: createArchiveObserver(observability.metrics),
        log: observability.log,
      },
    );
  }
}
