import pLimit from 'p-limit';
import { isTransient, sleep } from '../../domain/common/index.ts';
import {
  backoffAfter,
  type DeadLetters,
  type Job,
  type JobHandlers,
  type JobName,
  jobIds,
  POLICIES,
  type Queue,
  type QueueLog,
  type RetryPolicy,
} from '../../domain/outbox/index.ts';
import { createParkedJobs } from './dead-letters.ts';
import { createInProcessTimedJobs } from './timed-jobs.ts';

interface InProcessQueueOptions {
  /** How many jobs of one name run at once. */
  concurrency: number;
  log: QueueLog;
  policies?: Record<JobName, RetryPolicy>;
  /** How many dead letters are kept; above that, the oldest goes back to its outbox row. Default 1,000. */
  maxDeadLetters?: number;
}

interface InProcessQueue extends Queue {
  deadLetters: DeadLetters;
  /** Whether a dead letter of this event is kept: its outbox row waits for a retry. */
  holds(eventId: string): boolean;
}

/** The projection of a process that runs, and the one that follows it; later jobs share the second. */
interface Projections {
  running: Promise<void>;
  next: Promise<void> | undefined;
}

/** Thrown when a job has used all its attempts; `cause` is the error of the last one. */
class OutOfAttempts extends Error {
  constructor(
    readonly attempts: number,
    override readonly cause: unknown,
  ) {
    super('the job has no attempts left', { cause });
  }
}

/**
 * A queue in memory. It needs no durability: an outbox row stays until its jobs are done, and the relay publishes it
 * again after a crash.
 */
export function createInProcessQueue(options: InProcessQueueOptions): InProcessQueue {
  const { concurrency, log, policies = POLICIES, maxDeadLetters = 1_000 } = options;
  // One limit for each name: starts that wait for a slow engine must not delay projections.
  const limit = () => pLimit({ concurrency, rejectOnClear: true });
  const limits: Record<JobName, ReturnType<typeof pLimit>> = {
    'start-instance': limit(),
    'retry-instance': limit(),
    'cancel-instance': limit(),
    'complete-user-task': limit(),
    'project-process': limit(),
  };
  /** Starts that a caller waits for do not wait behind the others. */
  const urgentStarts = limit();
  const laneOf = ({ name, urgent }: Job) =>
    urgent && name === 'start-instance' ? urgentStarts : limits[name];
  const timed = createInProcessTimedJobs(log);
  const parked = createParkedJobs(maxDeadLetters, runOrPark);
  const delayed: Record<JobName, number> = {
    'start-instance': 0,
    'retry-instance': 0,
    'cancel-instance': 0,
    'complete-user-task': 0,
    'project-process': 0,
  };
  const projections = new Map<string, Projections>();
  const running = new Set<Promise<void>>();
  const closing = new AbortController();
  let handlers: Partial<JobHandlers> = {};
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve, reject) => {
    open = resolve;
    closing.signal.addEventListener('abort', () => reject(closing.signal.reason));
  });
  // A queue may be closed before it is opened; without a waiting job this rejection has no handler.
  opened.catch(() => {});
  let isOpen = false;

  async function run(job: Job): Promise<void> {
    if (!isOpen) await opened;
    const policy = policies[job.name];
    // Outages do not count: after a long one, a job would have no attempts left.
    let failures = 0;
    for (let attempt = 1; ; attempt++) {
      closing.signal.throwIfAborted();
      let begun = false;
      try {
        await laneOf(job)(() => {
          begun = true;
          return handle(job, attempt);
        });
        return;
      } catch (error) {
        if (!begun) throw closing.signal.reason;
        if (closing.signal.aborted) throw error;
        const transient = isTransient(error);
        if (!transient && ++failures >= policy.attempts) throw new OutOfAttempts(attempt, error);
        const pause = backoffAfter(policy, transient ? attempt : failures);
        const { name } = job;
        log.warn(
          { err: error, job: name, ...jobIds(job), attempt, pause },
          'job failed, trying again',
        );
        delayed[name]++;
        await sleep(pause, closing.signal);
        delayed[name]--;
        if (closing.signal.aborted) throw error;
      }
    }
  }

  /** Resolves when the job is done, possibly by a retry of its dead letter. */
  async function runOrPark(job: Job): Promise<void> {
    try {
      await (job.name === 'project-process' ? project(job) : run(job));
    } catch (error) {
      if (!(error instanceof OutOfAttempts)) throw error;
      const fields = { err: error.cause, job: job.name, ...jobIds(job) };
      log.error(fields, 'job has no attempts left and is a dead letter');
      if (closing.signal.aborted) throw error.cause;
      await parked.park(job, error.attempts, error.cause);
    }
  }

  async function handle(job: Job, attempt: number): Promise<void> {
    const handler = handlers[job.name];
    if (!handler) throw new Error(`this service instance does not run ${job.name} jobs`);
    await handler(job, { attempt });
  }

  /**
   * A projection folds all events of the stream, so all waiting jobs of one process share one projection. The running
   * one cannot be shared: it may have read the stream before the newest event was committed.
   */
  function project(job: Job): Promise<void> {
    const { correlationId } = job;
    const known = projections.get(correlationId);
    if (!known) {
      const own: Projections = { running: run(job), next: undefined };
      projections.set(correlationId, own);
      void removeWhenIdle(correlationId, own);
      return own.running;
    }
    known.next ??= known.running.catch(() => {}).then(() => run(job));
    return known.next;
  }

  async function removeWhenIdle(correlationId: string, own: Projections): Promise<void> {
    await own.running.catch(() => {});
    while (own.next) {
      own.running = own.next;
      own.next = undefined;
      await own.running.catch(() => {});
    }
    projections.delete(correlationId);
  }

  return {
    addBulk: (jobs) =>
      jobs.map((job) => {
        const done = runOrPark(job);
        running.add(done);
        const remove = (): void => void running.delete(done);
        done.then(remove, remove);
        return done;
      }),
    async work(given) {
      handlers = given;
      isOpen = true;
      open();
    },
    deadLetters: parked,
    holds: parked.holds,
    schedule: timed.schedule,
    unschedule: timed.unschedule,
    async counts() {
      const names = Object.keys(limits) as JobName[];
      return Object.fromEntries(
        names.map((name) => {
          const lanes = name === 'start-instance' ? [limits[name], urgentStarts] : [limits[name]];
          const waiting = lanes.reduce((sum, lane) => sum + lane.pendingCount, 0);
          const active = lanes.reduce((sum, lane) => sum + lane.activeCount, 0);
          const failed = parked.size(name);
          return [name, { waiting, active, delayed: delayed[name], failed }];
        }),
      );
    },
    ready: async () => !closing.signal.aborted,
    async close(timeoutMs) {
      // Jobs that wait for their turn or for their next attempt go back to their outbox rows.
      closing.abort(new Error('the queue is closed'));
      parked.close(closing.signal.reason);
      for (const lane of [...Object.values(limits), urgentStarts]) lane.clearQueue();
      const timer = new AbortController();
      await Promise.race([
        Promise.allSettled([...running, timed.close()]),
        sleep(timeoutMs, timer.signal),
      ]);
      timer.abort();
    },
  };
}
