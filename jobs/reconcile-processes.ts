import {
  type ReconcileOptions,
  type ReconcilePorts,
  reconcileProcesses,
} from '../domain/engine/index.ts';
import { every, type ScheduledJob } from './job.ts';

/** Every RECONCILE_EVERY_MS: compares pending processes and running instances with each other (G11). */
export function reconcileProcessesJob(
  ports: ReconcilePorts,
  { everyMs, ...options }: ReconcileOptions & { everyMs: number },
): ScheduledJob {
  return {
    name: 'reconcile-processes',
    role: 'worker',
    schedule: every(everyMs),
    handler: (signal) => reconcileProcesses(ports, options, signal),
  };
}
