import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { isTransient } from '../../domain/common/index.ts';
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

export interface InProcessQueueOptions {
  /** Jobs of one name that run at once. */
  concurrency: number;
  log: QueueLog;
  policies?: Record<JobName, RetryPolicy>;
  /** Dead letters that are kept; above, the oldest goes back to its outbox row. Default 1,000. */
  maxDeadLetters?: number;
}

export interface InProcessQueue extends Queue {
  deadLetters: DeadLetters;
  /** Whether a job of this event was given up and is kept: its outbox row waits for a retry. */
  holds(eventId: string): boolean;
}

/** A projection that runs and the one that waits for its end: later jobs share the second. */
interface Projections {
  running: Promise<void>;
  next: Promise<void> | undefined;
}

/** Thrown for a job that was tried often enough; `cause` is why the last attempt failed. */
class GivenUp extends Error {
  constructor(
    readonly attempts: number,
    override readonly cause: unknown,
  ) {
    super('given up', { cause });
  }
}

/**
 * A queue in the memory of the process. It needs none of its own durability: an outbox row stays until
 * its jobs are done, and brings them back after a crash.
 */
export function createInProcessQueue(options: InProcessQueueOptions): InProcessQueue {
  const { concurrency, log, policies = POLICIES, maxDeadLetters = 1_000 } = options;
  // One limit for each name: starts that wait for a slow engine must not hold up projections.
  const limit = () => pLimit({ concurrency, rejectOnClear: true });
  const limits: Record<JobName, ReturnType<typeof pLimit>> = {
    'start-instance': limit(),
    'retry-instance': limit(),
    'cancel-instance': limit(),
    'project-process': limit(),
  };
  const timed = createInProcessTimedJobs(log);
  const parked = createParkedJobs(maxDeadLetters, done);
  const delayed: Record<JobName, number> = {
    'start-instance': 0,
    'retry-instance': 0,
    'cancel-instance': 0,
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
  // Closed before it was opened, with no job waiting: nobody is there to be told.
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
        await limits[job.name](() => {
          begun = true;
          return handle(job, attempt);
        });
        return;
      } catch (error) {
        if (!begun) throw closing.signal.reason;
        if (closing.signal.aborted) throw error;
        const passes = isTransient(error);
        if (!passes && ++failures >= policy.attempts) throw new GivenUp(attempt, error);
        const pause = backoffAfter(policy, passes ? attempt : failures);
        const { name } = job;
        log.warn(
          { err: error, job: name, ...jobIds(job), attempt, pause },
          'job failed, trying again',
        );
        delayed[name]++;
        await sleep(pause, undefined, { signal: closing.signal })
          .catch(() => {
            throw error;
          })
          .finally(() => delayed[name]--);
      }
    }
  }

  /** Until the job is done: one that was given up may be retried. */
  async function done(job: Job): Promise<void> {
    try {
      await (job.name === 'project-process' ? project(job) : run(job));
    } catch (error) {
      if (!(error instanceof GivenUp)) throw error;
      const fields = { err: error.cause, job: job.name, ...jobIds(job) };
      log.error(fields, 'job given up: a dead letter');
      if (closing.signal.aborted) throw error.cause;
      await parked.park(job, error.attempts, error.cause);
    }
  }

  async function handle(job: Job, attempt: number): Promise<void> {
    const handler = handlers[job.name];
    if (!handler) throw new Error(`this instance does not run ${job.name} jobs`);
    await handler(job, { attempt });
  }

  /**
   * A projection folds all there is, so jobs for one process that wait at the same time are one. Not so
   * with the running one: it may have read the stream before the newest event was there.
   */
  function project(job: Job): Promise<void> {
    const { correlationId } = job;
    const known = projections.get(correlationId);
    if (!known) {
      const place: Projections = { running: run(job), next: undefined };
      projections.set(correlationId, place);
      void leave(correlationId, place);
      return place.running;
    }
    known.next ??= known.running.catch(() => {}).then(() => run(job));
    return known.next;
  }

  async function leave(correlationId: string, place: Projections): Promise<void> {
    await place.running.catch(() => {});
    while (place.next) {
      place.running = place.next;
      place.next = undefined;
      await place.running.catch(() => {});
    }
    projections.delete(correlationId);
  }

  return {
    addBulk: (jobs) =>
      jobs.map((job) => {
        const answer = done(job);
        running.add(answer);
        const forget = (): void => void running.delete(answer);
        answer.then(forget, forget);
        return answer;
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
          const { activeCount: active, pendingCount: waiting } = limits[name];
          const failed = parked.size(name);
          return [name, { waiting, active, delayed: delayed[name], failed }];
        }),
      );
    },
    ready: async () => !closing.signal.aborted,
    async close(timeoutMs) {
      // Jobs that wait, for their turn or for their next attempt, go back to their outbox rows.
      closing.abort(new Error('the queue is closed'));
      parked.close(closing.signal.reason);
      for (const waiting of Object.values(limits)) waiting.clearQueue();
      const timer = new AbortController();
      await Promise.race([
        Promise.allSettled([...running, timed.close()]),
        sleep(timeoutMs, undefined, { signal: timer.signal }).catch(() => {}),
      ]);
      timer.abort();
    },
  };
}
