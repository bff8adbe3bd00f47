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

/** A job as it is in Redis. */
export type KeptJob = Job & {
  /** Attempts that failed for a reason that does not pass. */
  failures?: number;
};

/** Clocks of instances differ by less. */
const DAY_MS = 24 * 3_600_000;
/** Jobs that are retried at once. */
const BATCH = 100;

/** The dead letters alone, for a command that runs no jobs. */
export function openDeadLetters(connection: RedisClient, prefix: string) {
  const queues = new Map(
    JOB_NAMES.map((name) => {
      // The metadata are the service's.
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

/** The failed sets of BullMQ: a job is in one when it was given up. Ids are `name:id in the queue`. */
export function createBullmqDeadLetters(
  connection: RedisClient,
  queues: ReadonlyMap<JobName, BullQueue>,
): DeadLetters {
  /** The newest of a queue, after a place in the list. */
  async function newest(
    name: JobName,
    queue: BullQueue,
    limit: number,
    after: DeadLetterCursor | undefined,
  ): Promise<DeadLetter[]> {
    const key = queue.toKey('failed');
    const at = after ? Date.parse(after.failedAt) : Date.now() + DAY_MS;
    // Some that failed in the same millisecond are on the page before.
    const ties = after ? await connection.zcount(key, at, at) : 0;
    const ids = await connection.zrevrangebyscore(key, at, '-inf', 'LIMIT', 0, limit + ties);
    const jobs = await Promise.all(ids.map((id) => queue.getJob(id)));
    return jobs
      .filter((job) => job?.finishedOn !== undefined)
      .map((job) => letterOf(name, job as BullJob<KeptJob>))
      .filter((letter) => !after || isAfter(letter, after));
  }

  async function retryJob(job: BullJob<KeptJob> | undefined): Promise<boolean> {
    if (!job || !(await job.isFailed())) return false;
    const { failures: _, ...data } = job.data;
    await job.updateData(data);
    try {
      // Not the attempts that were begun: the handler is to know that it may have run before.
      await job.retry('failed', { resetAttemptsMade: true });
      return true;
    } catch (error) {
      // Somebody else was faster.
      if (!(await job.isFailed())) return false;
      throw error;
    }
  }

  async function retryQueue(queue: BullQueue): Promise<number> {
    const key = queue.toKey('failed');
    // Those that fail again meanwhile come after it.
    const until = Date.now();
    let count = 0;
    for (;;) {
      const ids = await connection.zrangebyscore(key, '-inf', until, 'LIMIT', 0, BATCH);
      if (ids.length === 0) return count;
      const done = await Promise.all(
        ids.map(async (id) => {
          const job = await queue.getJob(id);
          // An id without a job: it was removed by hand, by halves.
          if (!job) await connection.zrem(key, id);
          return retryJob(job as BullJob<KeptJob> | undefined);
        }),
      );
      count += done.filter(Boolean).length;
    }
  }

  return {
    async list({ name }, limit, after) {
      const pages = [...queues]
        .filter(([one]) => name === undefined || one === name)
        .map(([one, queue]) => newest(one, queue, limit, after));
      return (await Promise.all(pages)).flat().sort(newestFirst).slice(0, limit);
    },
    async retry(id) {
      const [, name, own] = /^([a-z-]+):(.+)$/.exec(id) ?? [];
      const queue = JOB_NAMES.includes(name as JobName) && queues.get(name as JobName);
      if (!queue || own === undefined) return false;
      return retryJob((await queue.getJob(own)) as BullJob<KeptJob> | undefined);
    },
    async retryAll(name) {
      const chosen = [...queues].filter(([one]) => name === undefined || one === name);
      const counts = await Promise.all(chosen.map(([, queue]) => retryQueue(queue)));
      return counts.reduce((sum, count) => sum + count, 0);
    },
  };
}

function letterOf(name: JobName, job: BullJob<KeptJob>): DeadLetter {
  return {
    id: `${name}:${job.id}`,
    name,
    correlationId: job.data.correlationId,
    eventId: job.data.eventId,
    attempts: job.attemptsStarted,
    error: job.failedReason ?? 'no reason was recorded',
    failedAt: new Date(job.finishedOn ?? 0).toISOString(),
  };
}
