import type { EventType, ProcessEvent, StoredEvent } from './events.ts';
import type { JsonObject, Timestamp } from './json.ts';
import type { ProcessState, ProcessStatus } from './process.ts';

/** Milliseconds since the epoch. */
export type Clock = () => number;

export interface AppendOptions {
  /** Version the stream must be at, 0 for a new one. Left out: append at the end, whatever it is. */
  expectedVersion?: number;
}

export interface AppendResult {
  /** The events as stored; with `duplicate`, those that were there before. */
  events: StoredEvent[];
  /** True when the first event's dedupe key was known and nothing was written. */
  duplicate: boolean;
}

/** Events in one append at most: SQL Server takes 2,100 parameters in one statement. */
export const MAX_APPEND = 80;

/** A stream is live or archived as a whole, and is found by the same calls either way. */
export interface EventStore {
  /**
   * Appends to a stream, events and their outbox rows in one transaction, durable when it resolves.
   * A dedupe key that the log already holds (looked at before the version; in any stream) makes the
   * whole call write nothing and give back the event that has it. An archived stream has its version,
   * too; what is appended to it goes to the archive, and its archived process moves on with it. But
   * nothing begins anew there.
   *
   * @throws VersionConflictError when `expectedVersion` is not the stream's version
   * @throws StreamArchivedError for a retry of an archived process
   * @throws StoreUnavailableError when the database cannot be reached; it says whether that is so since
   *   before anything was written, or since an append whose outcome is not known
   * @throws RangeError for more than MAX_APPEND events
   */
  append(
    correlationId: string,
    events: readonly ProcessEvent[],
    options?: AppendOptions,
  ): Promise<AppendResult>;
  /** Events of a stream in version order, from `afterVersion` (exclusive, default 0). */
  readStream(
    correlationId: string,
    options?: { afterVersion?: number; limit?: number },
  ): Promise<StoredEvent[]>;
  /** Events whose dedupe key starts with `prefix`, in id order. */
  findByDedupePrefix(prefix: string): Promise<StoredEvent[]>;
  /** Events with this traceability id in id order, after `afterId`. */
  findByTrace(
    traceabilityId: string,
    options: { afterId?: string; limit: number },
  ): Promise<StoredEvent[]>;
  /**
   * Every live event in id order, in constant memory however many there are: read as they are asked for.
   * Who stops early (`break`, `return`) frees what the reading held; a database that is lost for a
   * moment is read on from the event before.
   *
   * Ids are given at the insert, not at the commit: an event may become visible after one with a higher
   * id. So this is for what looks at everything (reconciling, rebuilding, exporting up to a point in the
   * past), not for a reader that remembers the last id and comes back for more.
   *
   * @param options `afterId` is exclusive, `untilId` inclusive; both may be left out
   * @throws StoreUnavailableError when the database cannot be reached
   */
  readAll(options?: ReadAllOptions): AsyncIterable<StoredEvent>;
}

export interface ReadAllOptions {
  afterId?: string | undefined;
  untilId?: string | undefined;
}

/** An event that has still to be published. */
export interface OutboxRow {
  eventId: string;
  correlationId: string;
  eventType: EventType;
  /** How often it was taken before. */
  attempts: number;
  /** Of the event's identity: a process keeps its trace through restarts. */
  traceparent?: string | undefined;
  /** When the event was written. */
  createdAt?: Timestamp | undefined;
}

/** Where the outbox stops counting its rows. */
export const MAX_COUNTED_ROWS = 100_000;

export interface Outbox {
  /**
   * Takes up to `limit` rows that are due and hides them for `leaseMs`, oldest first. A row is never
   * taken by two callers at once.
   */
  claim(limit: number, leaseMs: number): Promise<OutboxRow[]>;
  /** Forgets published rows. */
  remove(eventIds: readonly string[]): Promise<void>;
  /** Gives rows back after a failure, due again in `delayMs`. */
  release(eventIds: readonly string[], error: string, delayMs: number): Promise<void>;
  /** Makes every row due now: at the start of a process that is the only relay. Returns how many. */
  releaseAll(): Promise<number>;
  /**
   * Rows waiting, and the age of the oldest in milliseconds (0 when empty). Counts up to
   * MAX_COUNTED_ROWS, so that asking costs the same in the middle of an outage.
   */
  depth(): Promise<{ rows: number; oldestAgeMs: number }>;
}

export interface ProcessFilter {
  status?: ProcessStatus | undefined;
  processName?: string | undefined;
  currentStep?: string | undefined;
  /** `updated_at` at or after, and before. */
  from?: Timestamp | undefined;
  to?: Timestamp | undefined;
}

/** Place in the list: the last row of the page before. */
export interface ProcessCursor {
  updatedAt: Timestamp;
  correlationId: string;
}

export interface ProcessStore {
  get(correlationId: string): Promise<ProcessState | null>;
  /**
   * Folds the events that `process_store` has not seen into its row, compare-and-set on the version:
   * safe to call at any time, any number of times, from anywhere.
   *
   * @returns the state as stored now, or null when the stream has no events
   */
  project(correlationId: string): Promise<ProcessState | null>;
  /** How many processes are pending, counted no further than `upTo`. */
  countPending(upTo: number): Promise<number>;
  /** Newest first by `updated_at`, then correlation id. */
  list(filter: ProcessFilter, limit: number, after?: ProcessCursor): Promise<ProcessState[]>;
}

export interface ArchiveCount {
  processes: number;
  events: number;
}

/**
 * Where ended processes go after their time, each with all its events: at every commit a process is
 * wholly live or wholly archived (G8). The event store reads there what it does not find live.
 */
export interface Archive {
  /**
   * Moves up to `limit` processes, those that were changed least recently first, in one transaction.
   * Only processes that have ended, were last changed before `endedBefore`, are projected up to their
   * last event and have none left to publish. An append to one of them waits for the move, or goes first.
   * Long streams make a batch of fewer processes.
   *
   * @throws StoreUnavailableError with nothing moved
   */
  moveBatch(options: { endedBefore: Timestamp; limit: number }): Promise<ArchiveCount>;
  /** What calls of `moveBatch` would move now, and the times of the first and last of them. */
  preview(
    endedBefore: Timestamp,
  ): Promise<ArchiveCount & { oldest: Timestamp | null; newest: Timestamp | null }>;
  /** An archived process as it was projected, or null. */
  findProcess(correlationId: string): Promise<ProcessState | null>;
}

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
export type TimedJobName = 'reconcile-processes' | 'archive-expired';

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

/** A job that was given up: what it does failed every time, for a reason that does not pass. */
export interface DeadLetter {
  id: string;
  name: JobName;
  correlationId: string;
  eventId: string;
  /** How often it was begun. */
  attempts: number;
  /** Of the last attempt. */
  error: string;
  failedAt: Timestamp;
}

/** Place in the list of dead letters: the last one of the page before. */
export type DeadLetterCursor = Pick<DeadLetter, 'failedAt' | 'id'>;

/** The jobs that were given up. They stay until they succeed, or are the oldest of very many. */
export interface DeadLetters {
  /** The newest first. */
  list(
    filter: { name?: JobName | undefined },
    limit: number,
    after?: DeadLetterCursor,
  ): Promise<DeadLetter[]>;
  /** Lets the job run again, with all its attempts. False when there is none with this id. */
  retry(id: string): Promise<boolean>;
  /** Lets every job run again, or those of this name. Returns how many. */
  retryAll(name?: JobName): Promise<number>;
}

/** Tells every instance about new states. Best effort: process_store is the truth. */
export interface Notifier {
  /** Rejects when other instances could not be told: to be tried again. */
  publish(state: ProcessState): Promise<void>;
  /** @returns a function that ends the subscription */
  subscribe(listener: (state: ProcessState) => void): () => void;
  close(): Promise<void>;
}

/** A process variable as Camunda's REST API writes it. */
export interface EngineVariable {
  value: unknown;
  type?: string;
  valueInfo?: Record<string, unknown>;
}
export type EngineVariables = Record<string, EngineVariable>;

export interface EngineInstance {
  processInstanceId: string;
  businessKey: string | null;
  processKey: string;
  /** As in history: `incident` is an active one that cannot go on by itself. */
  state: 'active' | 'suspended' | 'completed' | 'terminated';
  /** Null while it runs. */
  endedAt: Timestamp | null;
  /** What was said when it was deleted. */
  deleteReason: string | null;
}

/** An instance cannot go on by itself: a task or a job has no retries left. */
export interface EngineIncident {
  processInstanceId: string;
  activityId: string | null;
  message: string | null;
  at: Timestamp;
}

/** What the reconciler asks the engine, for many instances at once. */
export interface EngineInspection {
  /** Running and ended instances of these processes with any of these business keys, oldest first. */
  findInstancesOf(
    processKeys: readonly string[],
    businessKeys: readonly string[],
  ): Promise<EngineInstance[]>;
  /** Running instances of these processes, oldest first, from `offset`. */
  listRunning(
    processKeys: readonly string[],
    page: { startedBefore: Timestamp; offset: number; limit: number },
  ): Promise<EngineInstance[]>;
  /** The open incidents of these instances. */
  findIncidents(processInstanceIds: readonly string[]): Promise<EngineIncident[]>;
  /** Those of these running instances that have neither an external task nor a job, such as a timer. */
  findIdle(processInstanceIds: readonly string[]): Promise<string[]>;
  isRunning(processInstanceId: string): Promise<boolean>;
  /** True when every token waits at a joining gateway: no other comes, so none goes on. */
  isStuck(processInstanceId: string): Promise<boolean>;
  /** True while a worker holds the lock of one of its external tasks. */
  isWorkedOn(processInstanceId: string): Promise<boolean>;
}

export interface Engine extends EngineInspection {
  /** Deploys a BPMN file unless the newest deployed version is the same. */
  deploy(name: string, files: readonly { fileName: string; content: string }[]): Promise<void>;
  /**
   * Starts an instance of the newest version. Not idempotent: see `findInstances`.
   * @throws EngineRefusedError, EngineUnavailableError
   */
  start(processKey: string, businessKey: string, variables: JsonObject): Promise<string>;
  /** Running and ended instances with this business key, oldest first. */
  findInstances(processKey: string, businessKey: string): Promise<EngineInstance[]>;
  /** Deletes a running instance; one that is gone is fine. */
  cancel(processInstanceId: string): Promise<void>;
  /**
   * Gives what failed for good in a running instance, and in those it called, its attempts back: external
   * tasks and jobs without retries. Nothing to give back is fine.
   *
   * @param attemptsOf attempts for an external task by its topic
   */
  retryFailed(processInstanceId: string, attemptsOf: (topic: string) => number): Promise<void>;
  /** Delivers a message to the instance with this business key. False when nothing waits for it. */
  correlate(messageName: string, businessKey: string, variables: JsonObject): Promise<boolean>;
  /** Version of the engine; throws EngineUnavailableError. */
  version(): Promise<string>;
}
