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
import { closeWithin, type RunningWorker } from './close-worker.ts';
import { openRedis, untilReady } from './connection.ts';
import { createBullmqDeadLetters, type StoredJob } from './dead-letters.ts';
import { createBullmqTimedJobs } from './timed-jobs.ts';

/** Which jobs stay in Redis: the newest `count`, for `age` seconds. */
interface KeepJobs {
  completed: { age: number; count: number };
  failed: { age: number; count: number };
}

interface BullmqQueue extends Queue {
  deadLetters: DeadLetters;
  /** The queues of BullMQ, including those of timed jobs, for Bull Board. */
  queues: readonly BullQueue[];
}

export interface BullmqOptions {
  url: string;
  /** How many jobs of one name run at once in this service instance. */
  concurrency: number;
  log: QueueLog;
  /** Key prefix in Redis; instances that share one share their jobs. */
  prefix?: string;
  policies?: Record<JobName, RetryPolicy>;
  /**
   * Milliseconds after which a job whose worker died runs again: the worker renews its lock in half that time,
   * and BullMQ looks for expired locks as often.
   */
  stalledMs?: number;
  /** Which completed jobs and dead letters of each name stay in Redis. */
  keep?: KeepJobs;
}

/** The states that are counted for each queue. */
const STATES = ['waiting', 'prioritized', 'active', 'delayed', 'failed'] as const;
/**
 * Of starts that nobody waits for: BullMQ runs jobs without a priority first
 * (https://docs.bullmq.io/guide/jobs/prioritized).
 */
const NOT_URGENT = 1;
/** Completed jobs stay for Bull Board. The reconciler finds a process whose dead letter was removed. */
const KEEP_JOBS: KeepJobs = {
  completed: { age: 3_600, count: 1_000 },
  failed: { age: 30 * 24 * 3_600, count: 50_000 },
};
/** The longest time that Redis has to answer when the service starts. */
const CONNECT_TIMEOUT_MS = 5_000;
/** The delay before a worker connects again after it lost Redis; BullMQ's default is 15,000. */
const RETRY_DELAY_MS = 1_000;
/**
 * BullMQ fails a job when its second worker dies, since the job may be the cause. Our jobs are small, and failing one
 * would lose a process (G10).
 */
const MAX_STALLED = 1_000_000;

/**
 * Keeps a second copy of a job out of the queue until the first has completed or failed
 * (https://docs.bullmq.io/guide/jobs/deduplication): a relay whose lease ran out before Redis had answered publishes
 * its jobs again, and two runs at the same moment would start an instance twice. Not for projections: the running one
 * may have read the stream before the newest event.
 */
function deduplicate({ name, correlationId, eventId }: Job): { deduplication?: { id: string } } {
  return name === 'project-process' ? {} : { deduplication: { id: `${correlationId} ${eventId}` } };
}

function prioritize({ name, urgent }: Job): { priority?: number } {
  return name === 'start-instance' && !urgent ? { priority: NOT_URGENT } : {};
}

/**
 * The queue on BullMQ: one queue for each job name.
 *
 * BullMQ chooses the ids of the jobs. An id of our own, for instance the correlation id, would make BullMQ ignore a job
 * while one with the same id exists in any state, also a completed one, and the projection of a later event would be
 * lost (https://docs.bullmq.io/guide/jobs/job-ids).
 */
export async function createBullmqQueue(options: BullmqOptions): Promise<BullmqQueue> {
  const { url, concurrency, log, prefix = 'fastify-camunda', policies = POLICIES } = options;
  const { stalledMs = 30_000, keep = KEEP_JOBS } = options;
  const logError = (where: string) => (error: Error) =>
    log.warn({ error: error.message, where }, 'Redis connection error');
  const connection = openRedis(url, 'caller', logError('producer'));
  try {
    await untilReady(connection, CONNECT_TIMEOUT_MS);
  } catch (error) {
    connection.disconnect();
    throw error;
  }
  const queues = new Map(
    JOB_NAMES.map((name) => {
      const queue = new BullQueue(name, { connection, prefix });
      queue.on('error', logError('queue'));
      return [name, queue];
    }),
  );
  const workers: RunningWorker[] = [];
  const connect = () => openRedis(url, 'worker', logError('worker'));
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
    runRetryDelay: RETRY_DELAY_MS,
    onError: logError('timed jobs'),
  });

  try {
    // Each queue asks for the version of Redis. One whose connection is lost before the answer would never work.
    await Promise.all([...queues.values(), ...timed.queues].map((queue) => queue.waitUntilReady()));
  } catch (error) {
    await timed.close(0);
    connection.disconnect();
    throw error;
  }

  function addAll(name: JobName, jobs: readonly Job[]): Promise<unknown> {
    const queue = queues.get(name);
    const opts = {
      // The back-off strategy of the workers ends the attempts.
      attempts: Number.MAX_SAFE_INTEGER,
      backoff: { type: 'custom' },
      removeOnComplete: keep.completed,
      removeOnFail: keep.failed,
      // Only the last stack trace: an outage produces thousands.
      stackTraceLimit: 1,
    };
    const bullJobs = jobs.map((data) => ({
      name,
      data,
      opts: { ...opts, ...deduplicate(data), ...prioritize(data) },
    }));
    return queue?.addBulk(bullJobs) ?? Promise.resolve();
  }

  async function runHandler(handler: JobHandler, job: BullJob<StoredJob>): Promise<void> {
    const { failures = 0, ...data } = job.data;
    try {
      // `attemptsMade` does not count attempts whose worker died.
      await handler(data, { attempt: job.attemptsStarted });
    } catch (error) {
      // Outages do not count: after a long one, a job would have no attempts left.
      if (!isTransient(error)) await job.updateData({ ...data, failures: failures + 1 });
      throw error;
    }
  }

  /** @returns milliseconds until the next attempt, or -1 to make the job a dead letter */
  function backoffStrategy(name: JobName, failed: number, error: unknown, job?: StoredJob): number {
    const policy = policies[name];
    if (isTransient(error)) return backoffAfter(policy, failed);
    const failures = job?.failures ?? failed;
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
        const worker = new Worker<StoredJob>(name, (job) => runHandler(handler, job), {
          connection: own,
          prefix,
          concurrency,
          ...recovery,
          runRetryDelay: RETRY_DELAY_MS,
          settings: {
            backoffStrategy: (failed, _type, error, job) =>
              backoffStrategy(name, failed, error, job?.data),
          },
        });
        worker.on('error', logError('worker'));
        worker.on('failed', (job, error) => {
          const fields = { err: error, job: name, ...(job ? jobIds(job.data) : {}) };
          if (job?.finishedOn) log.error(fields, 'job has no attempts left and is a dead letter');
          else log.warn(fields, 'job failed, trying again');
        });
        workers.push({ worker, disconnect: () => own.disconnect() });
        // The worker itself waits for Redis to return.
        worker.waitUntilReady().catch(logError('worker'));
      }
    },
    deadLetters: createBullmqDeadLetters(connection, queues),
    queues: [...queues.values(), ...timed.queues],
    schedule: timed.schedule,
    unschedule: timed.unschedule,
    async counts() {
      const all = [...queues].map(async ([name, queue]) => {
        const { waiting = 0, prioritized = 0, ...others } = await queue.getJobCounts(...STATES);
        return [name, { waiting: waiting + prioritized, ...others }] as const;
      });
      return Object.fromEntries(await Promise.all(all));
    },
    // The connection has logged the reason already.
    ready: () =>
      connection.ping().then(
        () => true,
        () => false,
      ),
    async close(timeoutMs) {
      await Promise.all([
        timed.close(timeoutMs),
        ...workers.map((running) => closeWithin(running, timeoutMs)),
      ]);
      await Promise.all([...queues.values()].map((queue) => queue.close()));
      connection.disconnect();
    },
  };
}
