import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { Job, JobHandlers, JobName, Queue } from '../../domain/ports.ts';
import { createInProcessTimedJobs } from './in-process-timed.ts';
import { backoffAfter, jobIds, POLICIES, type QueueLog, type RetryPolicy } from './policies.ts';

export interface InProcessQueueOptions {
  /** Jobs of one name that run at once. */
  concurrency: number;
  log: QueueLog;
  policies?: Record<JobName, RetryPolicy>;
}

/** A projection that runs and the one that waits for its end: later jobs share the second. */
interface Projections {
  running: Promise<void>;
  next: Promise<void> | undefined;
}

/**
 * A queue in the memory of the process. It needs none of its own durability: an outbox row stays until
 * its jobs are done, and brings them back after a crash.
 */
export function createInProcessQueue(options: InProcessQueueOptions): Queue {
  const { concurrency, log, policies = POLICIES } = options;
  // One limit for each name: starts that wait for a slow engine must not hold up projections.
  const limit = () => pLimit({ concurrency, rejectOnClear: true });
  const limits: Record<JobName, ReturnType<typeof pLimit>> = {
    'start-instance': limit(),
    'retry-instance': limit(),
    'cancel-instance': limit(),
    'project-process': limit(),
  };
  const timed = createInProcessTimedJobs(log);
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
        if (attempt >= policy.attempts || closing.signal.aborted) throw error;
        const pause = backoffAfter(policy, attempt);
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
        const done = job.name === 'project-process' ? project(job) : run(job);
        running.add(done);
        const forget = (): void => void running.delete(done);
        done.then(forget, forget);
        return done;
      }),
    async work(given) {
      handlers = given;
      isOpen = true;
      open();
    },
    schedule: timed.schedule,
    unschedule: timed.unschedule,
    async counts() {
      const names = Object.keys(limits) as JobName[];
      return Object.fromEntries(
        names.map((name) => {
          const { activeCount: active, pendingCount: waiting } = limits[name];
          return [name, { waiting, active, delayed: delayed[name] }];
        }),
      );
    },
    ready: async () => !closing.signal.aborted,
    async close(timeoutMs) {
      // Jobs that wait, for their turn or for their next attempt, go back to their outbox rows.
      closing.abort(new Error('the queue is closed'));
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
