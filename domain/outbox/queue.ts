import type { Timestamp } from '../common/index.ts';

export const JOB_NAMES = [
  'start-instance',
  'retry-instance',
  'cancel-instance',
  'complete-user-task',
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
  /** A caller waits for the process: the queue runs it before others of its name. */
  urgent?: true | undefined;
}

export interface Delivery {
  /** From 1. Above 1 the job ran before, perhaps to its end. */
  attempt: number;
  /** A start that has a slot of the worker already, and need not wait for one. */
  hasRoom?: true;
}

export type JobHandler = (job: Job, delivery: Delivery) => Promise<void>;
export type JobHandlers = Record<JobName, JobHandler>;

/** A job that runs on a schedule, not because of an event. */
export type TimedJobName =
  | 'reconcile-processes'
  | 'archive-expired'
  | 'rollup-events'
  | 'run-bulk'
  | 'begin-due';

/** When a timed job runs: at the times of a cron pattern of five fields in UTC, or after a period. */
export type Schedule = { cron: string } | { everyMs: number };

/**
 * A run of a timed job. The signal fires when the queue closes, or when the run does not belong to this
 * service instance any more: the handler should end soon. If it then throws, the run starts again on another instance,
 * or after the restart where the queue outlives the process; if it returns, the run is done.
 */
export type TimedJobHandler = (signal: AbortSignal) => Promise<void>;

export type JobCounts = Partial<Record<JobName, Readonly<Record<string, number>>>>;

/** Carries jobs to their handlers, at least once each, in any order. */
export interface Queue {
  /**
   * Gives jobs to the queue. Each promise resolves when the queue acknowledges its job: BullMQ once
   * Redis has it, the in-process queue, which keeps nothing beyond the process, once it is done. Then
   * the outbox row can be deleted. A promise rejects when the queue refused the job, or the job failed in
   * the process: it must be published again later.
   */
  addBulk(jobs: readonly Job[]): Promise<void>[];
  /** Starts to run the jobs that have a handler. Until then they wait. */
  work(handlers: Partial<JobHandlers>): Promise<void>;
  /**
   * Runs a timed job here, or on another service instance that schedules it too: one run at a time over them all. No
   * run starts during another, also when that takes longer than its period. The first run is at
   * the first time of the pattern, or one period from now. Replaces an earlier schedule; the last
   * service instance to set one decides. A run that throws is logged, and the job runs again at its next time.
   *
   * @throws RangeError for an invalid pattern or period
   */
  schedule(name: TimedJobName, when: Schedule, handler: TimedJobHandler): Promise<void>;
  /** Removes the schedule of a timed job, for all service instances. A running run ends. */
  unschedule(name: TimedJobName): Promise<void>;
  /** How many jobs there are, by name and state (`waiting`, `active`, `delayed`, `failed`). */
  counts(): Promise<JobCounts>;
  /** True when the queue can take jobs now. */
  ready(): Promise<boolean>;
  /** Starts no more jobs, and waits up to `timeoutMs` for the running ones. */
  close(timeoutMs: number): Promise<void>;
}
