import {
  checkSchedule,
  type DeadLetters,
  type JobHandlers,
  type Queue,
  type Schedule,
  type TimedJobHandler,
  type TimedJobName,
} from '../../domain/outbox/index.ts';

type OpenQueue = Queue & { deadLetters: DeadLetters };

/** A queue that exists before Redis answers: until then it accepts no jobs, afterwards it is the queue in Redis. */
interface LateQueue extends OpenQueue {
  /**
   * Uses this queue from now on, and passes the handlers and schedules of before to it.
   *
   * @throws the error of that queue, which is then closed; another one may be given later
   */
  use(opened: OpenQueue): Promise<void>;
}

/** Creates a queue for a Redis that may be away when the service starts. */
export function createLateQueue(): LateQueue {
  let opened: OpenQueue | undefined;
  let closed = false;
  let handlers: Partial<JobHandlers> | undefined;
  /** Null: the schedule is to be removed. */
  const timed = new Map<TimedJobName, { when: Schedule; handler: TimedJobHandler } | null>();

  const openQueue = (): OpenQueue => {
    if (opened) return opened;
    throw new Error('Redis is away');
  };

  async function passOn(queue: OpenQueue): Promise<void> {
    if (handlers) await queue.work(handlers);
    for (const [name, wanted] of timed) {
      if (wanted) await queue.schedule(name, wanted.when, wanted.handler);
      else await queue.unschedule(name);
    }
  }

  return {
    async use(queue) {
      // Set first: handlers and schedules of other calls go to this queue from here on.
      if (!closed) opened = queue;
      try {
        if (!closed) await passOn(queue);
      } catch (error) {
        opened = undefined;
        await queue.close(0).catch(() => {});
        throw error;
      }
      if (closed) await queue.close(0);
    },
    addBulk: (jobs) =>
      opened ? opened.addBulk(jobs) : jobs.map(() => Promise.reject(new Error('Redis is away'))),
    async work(wanted) {
      handlers = wanted;
      await opened?.work(wanted);
    },
    async schedule(name, when, handler) {
      checkSchedule(when);
      timed.set(name, { when, handler });
      await opened?.schedule(name, when, handler);
    },
    async unschedule(name) {
      timed.set(name, null);
      await opened?.unschedule(name);
    },
    counts: async () => openQueue().counts(),
    ready: async () => (await opened?.ready()) ?? false,
    deadLetters: {
      list: async (...call) => openQueue().deadLetters.list(...call),
      retry: async (id) => openQueue().deadLetters.retry(id),
      retryAll: async (name) => openQueue().deadLetters.retryAll(name),
    },
    async close(timeoutMs) {
      closed = true;
      await opened?.close(timeoutMs);
    },
  };
}
