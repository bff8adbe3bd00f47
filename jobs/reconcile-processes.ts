import { type ReconcilePorts, reconcileProcesses } from '../domain/engine/index.ts';
import type { Queue } from '../domain/outbox/index.ts';

const NAME = 'reconcile-processes';

/** Schedules the comparison of pending processes with the engine, on one service instance at a time. */
export async function scheduleReconciler(
  queue: Pick<Queue, 'schedule' | 'unschedule'>,
  { everyMs, ...what }: { everyMs: number } & Parameters<typeof reconcileProcesses>[1],
  ports: ReconcilePorts,
): Promise<void> {
  if (everyMs === 0) {
    // Redis keeps the schedule of a time when it was on.
    await queue.unschedule(NAME);
    return;
  }
  await queue.schedule(NAME, { everyMs }, (signal) => reconcileProcesses(ports, what, signal));
}
