import { type Job as BullJob, Queue as BullQueue } from 'bullmq';
import {
  type DeadLetter,
  type DeadLetterCursor,
  type DeadLetters,
  JOB_NAMES,
  type Job,
  type JobName,
} from '../../domain/outbox/index.ts';
import { isAfter, newestFirst } from '../in-process/dead-letters.ts';
import type { RedisClient } from './connection.ts';

/** A job as it is stored in Redis. */
export type StoredJob = Job & {
  /** Failed attempts whose error is not transient. */
  failures?: number;
};

/** The clocks of service instances differ by less than this. */
const MAX_CLOCK_DIFFERENCE_MS = 24 * 3_600_000;
/** How many jobs one batch retries. */
const BATCH = 100;

/** Opens the dead letters alone, for a command that runs no jobs. */
export function openDeadLetters(connection: RedisClient, prefix: string) {
  const queues = new Map(
    JOB_NAMES.map((name) => {
      // Only the service writes the metadata.
      const queue = new BullQueue(name, { connection, prefix, skipMetasUpdate: true });
      queue.on('error', () => {});
      return [name, queue];
    }),
  );
  return {
    deadLetters: createBullmqDeadLetters(connection, queues),
    close: () => Promise.all([...queues.values()].map((queue) => queue.close())),
  };
}

/** The failed sets of BullMQ: a job without attempts is in one. Ids are `name:id in the queue`. */
export function createBullmqDeadLetters(
  connection: RedisClient,
  queues: ReadonlyMap<JobName, BullQueue>,
): DeadLetters {
  /** Reads the newest dead letters of a queue, after the cursor. */
  async function readNewest(
    name: JobName,
    queue: BullQueue,
    limit: number,
    after: DeadLetterCursor | undefined,
  ): Promise<DeadLetter[]> {
    const key = queue.toKey('failed');
    const at = after ? Date.parse(after.failedAt) : Date.now() + MAX_CLOCK_DIFFERENCE_MS;
    // Some jobs that failed in the same millisecond may be on the page before.
    const ties = after ? await connection.zcount(key, at, at) : 0;
    const ids = await connection.zrevrangebyscore(key, at, '-inf', 'LIMIT', 0, limit + ties);
    const jobs = await Promise.all(ids.map((id) => queue.getJob(id)));
    return jobs
      .filter((job) => job?.finishedOn !== undefined)
      .map((job) => letterOf(name, job as BullJob<StoredJob>))
      .filter((letter) => !after || isAfter(letter, after));
  }

  async function retryJob(job: BullJob<StoredJob> | undefined): Promise<boolean> {
    if (!job || !(await job.isFailed())) return false;
    const { failures: _, ...data } = job.data;
    await job.updateData(data);
    try {
      // `attemptsStarted` is not reset: it tells the handler that it may have run before.
      await job.retry('failed', { resetAttemptsMade: true });
      return true;
    } catch (error) {
      // Another retry was faster.
      if (!(await job.isFailed())) return false;
      throw error;
    }
  }

  async function retryQueue(queue: BullQueue): Promise<number> {
    const key = queue.toKey('failed');
    // Jobs that fail again during the retry have a later time.
    const until = Date.now();
    let count = 0;
    for (;;) {
      const ids = await connection.zrangebyscore(key, '-inf', until, 'LIMIT', 0, BATCH);
      if (ids.length === 0) return count;
      const retried = await Promise.all(
        ids.map(async (id) => {
          const job = await queue.getJob(id);
          // Somebody deleted the job by hand and left its id in the set.
          if (!job) await connection.zrem(key, id);
          return retryJob(job as BullJob<StoredJob> | undefined);
        }),
      );
      count += retried.filter(Boolean).length;
    }
  }

  return {
    async list({ name }, limit, after) {
      const pages = [...queues]
        .filter(([one]) => name === undefined || one === name)
        .map(([one, queue]) => readNewest(one, queue, limit, after));
      return (await Promise.all(pages)).flat().sort(newestFirst).slice(0, limit);
    },
    async retry(id) {
      const [, name, own] = /^([a-z-]+):(.+)$/.exec(id) ?? [];
      const queue = JOB_NAMES.includes(name as JobName) && queues.get(name as JobName);
      if (!queue || own === undefined) return false;
      return retryJob((await queue.getJob(own)) as BullJob<StoredJob> | undefined);
    },
    async retryAll(name) {
      const chosen = [...queues].filter(([one]) => name === undefined || one === name);
      const counts = await Promise.all(chosen.map(([, queue]) => retryQueue(queue)));
      return counts.reduce((sum, count) => sum + count, 0);
    },
  };
}

function letterOf(name: JobName, job: BullJob<StoredJob>): DeadLetter {
  return {
    id: `${name}:${job.id}`,
    name,
    correlationId: job.data.correlationId,
    eventId: job.data.eventId,
    attempts: job.attemptsStarted,
    error: job.failedReason ?? 'BullMQ stored no reason',
    failedAt: new Date(job.finishedOn ?? 0).toISOString(),
  };
}
