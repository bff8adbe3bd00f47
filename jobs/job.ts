import type {
  JobHandler,
  JobHandlers,
  JobName,
  Queue,
  Schedule,
  TimedJobHandler,
  TimedJobName,
} from '../domain/outbox/index.ts';

/** The service instances with this role run the job. */
type JobRole = 'worker' | 'projector' | 'retention';

/** A job that events cause; `event-jobs.ts` says which. */
export interface EventJob {
  name: JobName;
  role: JobRole;
  handler: JobHandler;
}

/** A job that runs by the clock, on one service instance at a time. */
export interface ScheduledJob {
  name: TimedJobName;
  role: JobRole;
  /** Null: switched off. */
  schedule: Schedule | null;
  handler: TimedJobHandler;
}

/** A schedule of a period in milliseconds; 0 switches the job off. */
export function every(everyMs: number): Schedule | null {
  return everyMs === 0 ? null : { everyMs };
}

/** Starts to run jobs from the queue. */
export async function startEventJobs(
  queue: Pick<Queue, 'work'>,
  jobs: readonly EventJob[],
): Promise<void> {
  const handlers: Partial<JobHandlers> = {};
  for (const { name, handler } of jobs) handlers[name] = handler;
  await queue.work(handlers);
}

/** Schedules jobs, and ends the schedules of those that are switched off: Redis keeps a schedule from when it was on. */
export async function scheduleJobs(
  queue: Pick<Queue, 'schedule' | 'unschedule'>,
  jobs: readonly ScheduledJob[],
): Promise<void> {
  for (const { name, schedule, handler } of jobs) {
    if (schedule) await queue.schedule(name, schedule, handler);
    else await queue.unschedule(name);
  }
}
