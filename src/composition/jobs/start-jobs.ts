import type { FastifyBaseLogger } from 'fastify';
import type { Engine, StartsInHand } from '../../../domain/engine/index.ts';
import type { Queue } from '../../../domain/outbox/index.ts';
import type { Notifier } from '../../../domain/process/index.ts';
import { createArchiveObserver } from '../../../infrastructure/observability/archive-observer.ts';
import type { StartGate } from '../../../infrastructure/worker/start-gate.ts';
import { archiveExpiredJob } from '../../../jobs/archive-expired.ts';
import { beginDueJob } from '../../../jobs/begin-due.ts';
import { cancelInstanceJob } from '../../../jobs/cancel-instance.ts';
import { completeUserTaskJob } from '../../../jobs/complete-user-task.ts';
import { scheduleJobs, startEventJobs } from '../../../jobs/job.ts';
import { projectProcessJob } from '../../../jobs/project-process.ts';
import { reconcileProcessesJob } from '../../../jobs/reconcile-processes.ts';
import { retryInstanceJob } from '../../../jobs/retry-instance.ts';
import { rollupEventsJob } from '../../../jobs/rollup-events.ts';
import { runBulkJob } from '../../../jobs/run-bulk.ts';
import { startInstanceJob } from '../../../jobs/start-instance.ts';
import type { Config, Role } from '../../config.ts';
import type { LivePart } from '../../http/parts/server-parts.ts';
import type { Stores } from '../database/stores.ts';
import { attemptsOf, type LoadedProcess } from '../definitions/load-processes.ts';
import type { Observability } from '../observability/observability.ts';
import { createBulkPorts } from './bulk.ts';
import { openPurge, retryKeepMs } from './purge.ts';

/** Starts the jobs whose roles this service instance has: those that events cause, and those that run on a schedule. */
export async function startJobs(options: {
  config: Config;
  has: (role: Role) => boolean;
  processes: readonly LoadedProcess[];
  stores: Stores;
  live: Pick<LivePart, 'waitroom' | 'findProcess'>;
  engine: Engine;
  queue: Queue;
  notifier: Notifier;
  startGate: Pick<StartGate, 'run'>;
  startsInHand: StartsInHand;
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
    startsInHand: options.startsInHand,
    attemptsOf: attemptsOf(processes),
    whenRoom: options.startGate.run,
    clock: Date.now,
  };
  const isOurs = ({ role }: { role: Role }): boolean => has(role);
  const eventJobs = [
    projectProcessJob(ports),
    startInstanceJob(ports),
    retryInstanceJob(ports),
    cancelInstanceJob(ports),
    completeUserTaskJob(ports),
  ];
  const scheduledJobs = [
    runBulkJob(createBulkPorts({ database, decrypted, live: options.live, log })),
    beginDueJob({ ...database, queue, clock: Date.now, log }),
    reconcileProcessesJob(
      { ...ports, processKeys: database.processKeys, log },
      {
        everyMs: config.RECONCILE_EVERY_MS,
        afterMs: config.RECONCILE_AFTER_MS,
        keepMs: retryKeepMs(config),
        processKeys: processes.map(({ definition }) => definition.key),
      },
    ),
    rollupEventsJob(
      { source: database.rollupSource, store: database.rollups },
      { everyMs: config.ROLLUP_EVERY_MS },
    ),
    archiveExpiredJob(
      {
        ...database,
        purge: openPurge(config, database),
        observer: createArchiveObserver(observability.metrics),
        log: observability.log,
      },
      {
        afterDays: config.ARCHIVE_AFTER_DAYS,
        cron: config.ARCHIVE_CRON,
        batch: config.ARCHIVE_BATCH,
      },
    ),
  ];
  await startEventJobs(queue, eventJobs.filter(isOurs));
  await scheduleJobs(queue, scheduledJobs.filter(isOurs));
}
