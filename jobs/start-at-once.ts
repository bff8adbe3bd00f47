import { sleep } from '../domain/common/index.ts';
import {
  type Job,
  type JobHandler,
  jobIds,
  type Queue,
  type QueueLog,
} from '../domain/outbox/index.ts';

interface StartAtOnceOptions {
  /** Whether a start would begin at once in this service instance. */
  hasRoom: () => boolean;
  log: Pick<QueueLog, 'warn'>;
}

/**
 * Takes starts out of what is given to a queue in Redis while this service instance can do them at once: on the way
 * through Redis a start waits for three calls, and costs 50 commands there.
 *
 * Only the first delivery: one that comes again may be of a start that still runs elsewhere, and the queue keeps two
 * of them apart. A start that fails here is given to the queue, which tries it again as it does with every job. The
 * outbox row is kept until either has taken place, so that a kill loses nothing.
 */
export function startAtOnce(queue: Queue, { hasRoom, log }: StartAtOnceOptions): Queue {
  const running = new Set<Promise<void>>();
  let start: JobHandler | undefined;
  let isClosed = false;

  function canStart({ name, redelivered }: Job): boolean {
    return name === 'start-instance' && !redelivered && !isClosed && hasRoom();
  }

  async function run(job: Job, handler: JobHandler): Promise<void> {
    try {
      await handler(job, { attempt: 1 });
    } catch (err) {
      log.warn({ err, job: job.name, ...jobIds(job) }, 'job failed, trying again');
      await Promise.all(queue.addBulk([{ ...job, redelivered: true }]));
    }
  }

  function runHere(job: Job, handler: JobHandler): Promise<void> {
    const done = run(job, handler);
    running.add(done);
    const remove = (): void => void running.delete(done);
    done.then(remove, remove);
    return done;
  }

  return {
    ...queue,
    addBulk(jobs) {
      const handler = start;
      const answers = jobs.map((job) =>
        handler && canStart(job) ? runHere(job, handler) : undefined,
      );
      const given = queue.addBulk(jobs.filter((_, at) => !answers[at]));
      let at = 0;
      return answers.map((answer) => answer ?? given[at++] ?? Promise.resolve());
    },
    work(handlers) {
      start = handlers['start-instance'];
      return queue.work(handlers);
    },
    async counts() {
      const counts = await queue.counts();
      const { active = 0, ...others } = counts['start-instance'] ?? {};
      return { ...counts, 'start-instance': { ...others, active: active + running.size } };
    },
    async close(timeoutMs) {
      isClosed = true;
      const timeUp = new AbortController();
      await Promise.race([Promise.allSettled(running), sleep(timeoutMs, timeUp.signal)]);
      timeUp.abort();
      await queue.close(timeoutMs);
    },
  };
}
