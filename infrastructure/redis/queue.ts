import { type Job as BullJob, Queue as BullQueue, Worker } from 'bullmq';
import { isTransient } from '../../domain/common/index.ts';
import {
  backoffAfter,
  type DeadLetters,
  JOB_NAMES,
  type Job,
  type JobHandler,
  type JobName,
  jobIds,
  POLICIES,
  type Queue,
  type QueueLog,
  type RetryPolicy,
} from '../../domain/outbox/index.ts';
import { closeWithin } from './close-worker.ts';
import { openRedis, untilReady } from './connection.ts';
import { createBullmqDeadLetters, type KeptJob } from './dead-letters.ts';
import { createBullmqTimedJobs } from './timed-jobs.ts';

interface Keep {
  done: { age: number; count: number };
  failed: { age: number; count: number };
}

export interface BullmqQueue extends Queue {
  deadLetters: DeadLetters;
  /** The queues of BullMQ, timed ones too, for a look at them. */
  queues: readonly BullQueue[];
}

export interface BullmqOptions {
  url: string;
  /** Jobs of one name that run at once in this instance. */
  concurrency: number;
  log: QueueLog;
  /** Key prefix in Redis; instances that share one share their jobs. */
  prefix?: string;
  policies?: Record<JobName, RetryPolicy>;
  /**
   * Milliseconds after which a job whose worker died is found and run again: the worker renews its
   * lock in half that time, and a search for lapsed locks is made as often.
   */
  stalledMs?: number;
  /** Which finished and given-up jobs of each name are kept. */
  keep?: Keep;
}

/** What is counted of each queue. */
const STATES = ['waiting', 'active', 'delayed', 'failed'] as const;
/**
 * Finished jobs are kept for a look; given-up ones for a month, and the newest of very many: seconds. Of
 * a process whose job is gone the reconciler takes care.
 */
const KEEP: Keep = {
  done: { age: 3_600, count: 1_000 },
  failed: { age: 30 * 24 * 3_600, count: 50_000 },
};
/** Milliseconds that Redis has to answer at the start. */
const CONNECT_MS = 5_000;
/** Milliseconds before a worker looks for Redis again after losing it; BullMQ's own are 15,000. */
const RETRY_MS = 1_000;
/**
 * BullMQ gives up a job after its second worker died, since the job may be what kills them. Ours are
 * small, and giving one up would lose a process (G10).
 */
const MAX_STALLED = 1_000_000;

/**
 * A relay whose lease ran out before Redis had answered publishes again what is waiting or running then.
 * Two runs of what the engine is asked to do would have it done twice at the same moment, so one is left
 * out until the other is done or given up
 * (https://docs.bullmq.io/guide/jobs/deduplication). A projection must see every event: never that one.
 */
function alone({ name, correlationId, eventId }: Job): { deduplication?: { id: string } } {
  return name === 'project-process' ? {} : { deduplication: { id: `${correlationId} ${eventId}` } };
}

/**
 * The queue on BullMQ: one queue for each job name.
 *
 * Jobs get ids of BullMQ's making. An id of our own, for instance the correlation id, would make
 * BullMQ ignore a job while one with the same id exists in any state, a finished one included, and
 * the projection of a later event would be lost (https://docs.bullmq.io/guide/jobs/job-ids).
 */
export async function createBullmqQueue(options: BullmqOptions): Promise<BullmqQueue> {
  const { url, concurrency, log, prefix = 'fastify-camunda', policies = POLICIES } = options;
  const { stalledMs = 30_000, keep = KEEP } = options;
  const say = (where: string) => (error: Error) =>
    log.warn({ error: error.message, where }, 'redis: connection trouble');
  const connection = openRedis(url, 'caller', say('producer'));
  try {
    await untilReady(connection, CONNECT_MS);
  } catch (error) {
    connection.disconnect();
    throw error;
  }
  const queues = new Map(
    JOB_NAMES.map((name) => {
      const queue = new BullQueue(name, { connection, prefix });
      queue.on('error', say('queue'));
      return [name, queue];
    }),
  );
  const workers: { worker: Worker; disconnect: () => void }[] = [];
  const connect = () => openRedis(url, 'worker', say('worker'));
  const recovery = {
    lockDuration: stalledMs,
    stalledInterval: stalledMs,
    maxStalledCount: MAX_STALLED,
  };
  const timed = createBullmqTimedJobs({
    connection,
    connect,
    prefix,
    log,
    recovery,
    runRetryDelay: RETRY_MS,
    onError: say('timed jobs'),
  });

  try {
    // Each asks for the version of Redis. One that is lost between the connection and the answer would never work.
    await Promise.all([...queues.values(), ...timed.queues].map((queue) => queue.waitUntilReady()));
  } catch (error) {
    await timed.close(0);
    connection.disconnect();
    throw error;
  }

  function addAll(name: JobName, jobs: readonly Job[]): Promise<unknown> {
    const queue = queues.get(name);
    const opts = {
      // The strategy of the workers ends it.
      attempts: Number.MAX_SAFE_INTEGER,
      backoff: { type: 'custom' },
      removeOnComplete: keep.done,
      removeOnFail: keep.failed,
      // The last one only: an outage makes thousands.
      stackTraceLimit: 1,
    };
    const given = jobs.map((data) => ({ name, data, opts: { ...opts, ...alone(data) } }));
    return queue?.addBulk(given) ?? Promise.resolve();
  }

  async function runWith(handler: JobHandler, job: BullJob<KeptJob>): Promise<void> {
    const { failures = 0, ...data } = job.data;
    try {
      // Counted at the start of each: `attemptsMade` knows nothing of those whose worker died.
      await handler(data, { attempt: job.attemptsStarted });
    } catch (error) {
      // Outages do not count: after a long one, a job would have no attempts left.
      if (!isTransient(error)) await job.updateData({ ...data, failures: failures + 1 });
      throw error;
    }
  }

  /** @returns milliseconds until the next attempt, or -1 to give the job up */
  function pauseAfter(name: JobName, failed: number, error: unknown, kept?: KeptJob): number {
    const policy = policies[name];
    if (isTransient(error)) return backoffAfter(policy, failed);
    const failures = kept?.failures ?? failed;
    return failures >= policy.attempts ? -1 : backoffAfter(policy, failures);
  }

  return {
    addBulk(jobs) {
      const groups = new Map<JobName, Job[]>();
      for (const job of jobs) {
        const group = groups.get(job.name);
        if (group) group.push(job);
        else groups.set(job.name, [job]);
      }
      const answers = new Map<JobName, Promise<void>>();
      for (const [name, group] of groups) {
        answers.set(
          name,
          addAll(name, group).then(() => {}),
        );
      }
      return jobs.map((job) => answers.get(job.name) ?? Promise.resolve());
    },
    async work(handlers) {
      for (const name of JOB_NAMES) {
        const handler = handlers[name];
        if (!handler) continue;
        const own = connect();
        const worker = new Worker<KeptJob>(name, (job) => runWith(handler, job), {
          connection: own,
          prefix,
          concurrency,
          ...recovery,
          runRetryDelay: RETRY_MS,
          settings: {
            backoffStrategy: (failed, _type, error, job) =>
              pauseAfter(name, failed, error, job?.data),
          },
        });
        worker.on('error', say('worker'));
        worker.on('failed', (job, error) => {
          const fields = { err: error, job: name, ...(job ? jobIds(job.data) : {}) };
          if (job?.finishedOn) log.error(fields, 'job given up: a dead letter');
          else log.warn(fields, 'job failed');
        });
        workers.push({ worker, disconnect: () => own.disconnect() });
        // It waits for Redis by itself, should that have gone away meanwhile.
        worker.waitUntilReady().catch(say('worker'));
      }
    },
    deadLetters: createBullmqDeadLetters(connection, queues),
    queues: [...queues.values(), ...timed.queues],
    schedule: timed.schedule,
    unschedule: timed.unschedule,
    async counts() {
      const all = [...queues].map(
        async ([name, queue]) => [name, await queue.getJobCounts(...STATES)] as const,
      );
      return Object.fromEntries(await Promise.all(all));
    },
    // Why it is not ready has been logged by its connection.
    ready: () =>
      connection.ping().then(
        () => true,
        () => false,
      ),
    async close(timeoutMs) {
      await Promise.all([
        timed.close(timeoutMs),
        ...workers.map(async ({ worker, disconnect }) => {
          await closeWithin(worker, timeoutMs);
          disconnect();
        }),
      ]);
      await Promise.all([...queues.values()].map((queue) => queue.close()));
      connection.disconnect();
    },
  };
}
