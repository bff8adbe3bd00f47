import { type ReconcilePorts, reconcileProcesses } from '../../../domain/engine/index.ts';
import type { Queue } from '../../../domain/outbox/index.ts';
import type { Config } from '../../config.ts';
import { DAY_MS } from './day.ts';

/** Has pending processes compared with the engine every RECONCILE_EVERY_MS, by one instance at a time. */
export async function scheduleReconciler(options: {
  config: Pick<Config, 'RECONCILE_EVERY_MS' | 'RECONCILE_AFTER_MS' | 'RETRY_KEEP_DAYS'>;
  queue: Pick<Queue, 'schedule' | 'unschedule'>;
  processKeys: readonly string[];
  ports: ReconcilePorts;
}): Promise<void> {
  const { config, queue, processKeys, ports } = options;
  const everyMs = config.RECONCILE_EVERY_MS;
  if (everyMs === 0) {
    // Redis keeps the schedule of a time when it was on.
    await queue.unschedule('reconcile-processes');
    return;
  }
  const what = {
    processKeys,
    afterMs: config.RECONCILE_AFTER_MS,
    keepMs: config.RETRY_KEEP_DAYS * DAY_MS,
  };
  await queue.schedule('reconcile-processes', { everyMs }, (signal) =>
    reconcileProcesses(ports, what, signal),
  );
}
