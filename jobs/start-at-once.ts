import { sleep } from '../domain/common/index.ts';
import {
  type Job,
  type JobHandler,
  jobIds,
  type Queue,
  type QueueLog,
} from '../domain/outbox/index.ts';

/** What decides whether a start needs the queue. */
export interface DirectStarts {
  startGate: {
    /**
     * Runs a start if it can begin within so many milliseconds.
     *
     * @returns what resolves with undefined when it could not; undefined at once when that is known
     */
    runWithin(
      ms: number,
      isUrgent: boolean,
      start: () => Promise<void>,
    ): Promise<object | undefined> | undefined;
  };
  /** How many starts that this service instance has accepted have not begun. @param isUrgent only those that callers wait for */
  waitingStarts: (isUrgent: boolean) => number;
}

interface StartAtOnceOptions extends DirectStarts {
  /** Above so many starts that wait, one is for the queue. */
  maxWaiting: number;
  log: Pick<QueueLog, 'warn'>;
}

/**
 * How long a start waits for a slot of the worker here, in milliseconds. Under load a slot is free in less: the answer of the
 * process before was sent, and its last task is being reported.
 */
const SLOT_TIMEOUT_MS = 100;

/**
 * Takes starts out of what is given to a queue in Redis if this service instance can do them now: on the way
 * through Redis a start waits for three calls, and costs 50 commands there.
 *
 * Only while few starts wait: the older ones are in the queue then, and have to begin first. Otherwise the newest would, and
 * the delay, by which starts are admitted (G14), would look short however many wait.
 *
 * Only the first delivery: one that comes again may be of a start that still runs elsewhere, and the queue keeps two
 * of them apart. A start that fails here is given to the queue, which tries it again as it does with every job. The
 * outbox row is kept until either has taken place, so that a kill loses nothing.
 */
export function startAtOnce(queue: Queue, options: StartAtOnceOptions): Queue {
  const { startGate, waitingStarts, maxWaiting, log } = options;
  const running = new Set<Promise<void>>();
  let start: JobHandler | undefined;
  let isClosed = false;

  /** Undefined: the job is for the queue. */
  function tryHere(job: Job): Promise<void> | undefined {
    const handler = start;
    if (!handler || job.name !== 'start-instance' || job.redelivered || isClosed) return undefined;
    const isUrgent = job.urgent === true;
    if (waitingStarts(isUrgent) > maxWaiting) return undefined;
    const begin = () => handler(job, { attempt: 1, hasRoom: true });
    const attempt = startGate.runWithin(SLOT_TIMEOUT_MS, isUrgent, begin);
    if (!attempt) return undefined;
    const done = finish(job, attempt);
    running.add(done);
    const remove = (): void => void running.delete(done);
    done.then(remove, remove);
    return done;
  }

  async function finish(job: Job, attempt: Promise<object | undefined>): Promise<void> {
    let given = job;
    try {
      if (await attempt) return;
    } catch (err) {
      log.warn({ err, job: job.name, ...jobIds(job) }, 'job failed, trying again');
      given = { ...job, redelivered: true };
    }
    await Promise.all(queue.addBulk([given]));
  }

  return {
    ...queue,
    addBulk(jobs) {
      const answers = jobs.map(tryHere);
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
