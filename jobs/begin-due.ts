import { type BeginDuePorts, createBeginDue } from '../domain/engine/index.ts';
import type { Queue } from '../domain/outbox/index.ts';
import { startJobOf } from './event-jobs.ts';
import { every, type ScheduledJob } from './job.ts';

/** Milliseconds between two looks for processes that are due: they begin within a second of their time. */
const EVERY_MS = 500;

/** Starts the instances of processes whose time has come, by the job that starts those of others. */
export function beginDueJob(
  ports: Omit<BeginDuePorts, 'publish'> & { queue: Pick<Queue, 'addBulk'> },
): ScheduledJob {
  const beginDue = createBeginDue({
    ...ports,
    publish: async (request) => {
      await ports.queue.addBulk([startJobOf(request)])[0];
    },
  });
  return { name: 'begin-due', role: 'worker', schedule: every(EVERY_MS), handler: beginDue };
}
