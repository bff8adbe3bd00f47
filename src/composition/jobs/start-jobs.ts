import type { FastifyBaseLogger } from 'fastify';
import type { Engine } from '../../../domain/engine/index.ts';
import type { Queue } from '../../../domain/outbox/index.ts';
import type { Notifier } from '../../../domain/process/index.ts';
import type { Config, Role } from '../../config.ts';
import type { Stores } from '../database/stores.ts';
import { attemptsOf, type LoadedProcess } from '../definitions/load-processes.ts';
import type { Observability } from '../observability/observability.ts';
import { jobHandlersOf } from './job-handlers.ts';
import { openPurge } from './purge.ts';
import { scheduleArchive } from './schedule-archive.ts';
import { scheduleReconciler } from './schedule-reconciler.ts';
import { scheduleRollup } from './schedule-rollup.ts';

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
  const { config, has, processes, queue, log } = options;
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
    const { processKeys } = database;
    await scheduleReconciler({
      config,
      queue,
      processKeys: processes.map(({ definition }) => definition.key),
      ports: { ...ports, processKeys, log, clock: Date.now },
    });
  }
  if (has('projector')) {
    const { rollups: store, rollupSource: source } = database;
    await scheduleRollup({ config, queue, source, store });
  }
  if (has('retention')) {
    const { log, metrics } = options.observability;
    const { archive, maintenanceLock } = database;
    const purge = openPurge(config, database);
    await scheduleArchive({ config, queue, archive, purge, maintenanceLock, log, metrics });
  }
}
