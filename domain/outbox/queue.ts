import type { Timestamp } from '../common/index.ts';

export const JOB_NAMES = [
  'start-instance',
  'retry-instance',
  'cancel-instance',
  'project-process',
] as const;
export type JobName = (typeof JOB_NAMES)[number];

/** Work caused by an event. Plain data: it may travel through Redis. */
export interface Job {
  name: JobName;
  correlationId: string;
  /** The event that caused it. */
  eventId: string;
  /** True when the outbox may have published it before. */
  redelivered: boolean;
  /** Trace context for its log lines and spans; missing in jobs of older releases. */
  traceparent?: string | undefined;
  /** When the event was written. */
  createdAt?: Timestamp | undefined;
}

export interface Delivery {
  /** From 1; above 1 the job ran before, perhaps to its end. */
  attempt: number;
}

export type JobHandler = (job: Job, delivery: Delivery) => Promise<void>;
export type JobHandlers = Record<JobName, JobHandler>;

/** Work that comes by the clock, not by an event. */
export type TimedJobName = 'reconcile-processes' | 'archive-expired' | 'rollup-events';

/** When a timed job runs: at the times of a cron pattern of five fields in UTC, or after a period. */
export type Schedule = { cron: string } | { everyMs: number };

/**
 * A run of a timed job. The signal fires when the queue closes, or when the run is no longer this
 * instance's: the handler should end soon. One that then throws is run again, by another instance or
 * after the restart where the queue outlives the process; one that returns has done its run.
 */
export type TimedJobHandler = (signal: AbortSignal) => Promise<void>;

export type JobCounts = Partial<Record<JobName, Readonly<Record<string, number>>>>;

/** Carries jobs to their handlers, at least once each, in any order. */
export interface Queue {
  /**
   * Gives jobs to the queue. Each promise resolves when the queue answers for its job: BullMQ once
   * Redis has it, the in-process queue (which has no memory beyond the process) once it is done. So
   * the outbox row may go when its promises are fulfilled. A promise rejects when the job could not
   * be taken, or, in process, not be done: it is to be given again later.
   */
  addBulk(jobs: readonly Job[]): Promise<void>[];
  /** Starts to run the jobs that there are handlers for. Until then they wait. */
  work(handlers: Partial<JobHandlers>): Promise<void>;
  /**
   * Runs a timed job here, or on another instance that does so too: one run at a time over them all. No
   * run begins while one is under way, also when that takes longer than its period. The first run comes at
   * the first time of the pattern, or one period from now. Replaces the schedule that was there; the last
   * instance to say one decides. A run that throws is logged, and the job comes again at its next time.
   *
   * @throws RangeError for a pattern or period that is none
   */
  schedule(name: TimedJobName, when: Schedule, handler: TimedJobHandler): Promise<void>;
  /** Takes a timed job's schedule away, for all instances. A run under way ends. */
  unschedule(name: TimedJobName): Promise<void>;
  /** How many jobs there are, by name and state (`waiting`, `active`, `delayed`, `failed`). */
  counts(): Promise<JobCounts>;
  /** True when the queue can take jobs now. */
  ready(): Promise<boolean>;
  /** Takes no new job, waits for the running ones up to `timeoutMs`, then lets go of them. */
  close(timeoutMs: number): Promise<void>;
}
