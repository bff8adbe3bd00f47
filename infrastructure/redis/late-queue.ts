import {
  checkSchedule,
  type DeadLetters,
  type JobHandlers,
  type Queue,
  type Schedule,
  type TimedJobHandler,
  type TimedJobName,
} from '../../domain/outbox/index.ts';

type Opened = Queue & { deadLetters: DeadLetters };

/** A queue whose Redis may come after it: it takes no jobs until then, and begins its work then. */
export interface LateQueue extends Opened {
  /**
   * Puts an opened queue in its place, and has it do what was asked for before.
   *
   * @throws what that queue throws; it is closed then, and another one may be given
   */
  use(opened: Opened): Promise<void>;
}

/** Stands for a queue that cannot be opened yet. */
export function createLateQueue(): LateQueue {
  let opened: Opened | undefined;
  let closed = false;
  let handlers: Partial<JobHandlers> | undefined;
  /** Null: to be taken away. */
  const timed = new Map<TimedJobName, { when: Schedule; handler: TimedJobHandler } | null>();

  const there = (): Opened => {
    if (opened) return opened;
    throw new Error('Redis is away');
  };

  async function begin(queue: Opened): Promise<void> {
    if (handlers) await queue.work(handlers);
    for (const [name, wanted] of timed) {
      if (wanted) await queue.schedule(name, wanted.when, wanted.handler);
      else await queue.unschedule(name);
    }
  }

  return {
    async use(queue) {
      // First of all: what is asked for from here on goes there.
      if (!closed) opened = queue;
      try {
        if (!closed) await begin(queue);
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
    counts: async () => there().counts(),
    ready: async () => (await opened?.ready()) ?? false,
    deadLetters: {
      list: async (...call) => there().deadLetters.list(...call),
      retry: async (id) => there().deadLetters.retry(id),
      retryAll: async (name) => there().deadLetters.retryAll(name),
    },
    async close(timeoutMs) {
      closed = true;
      await opened?.close(timeoutMs);
    },
  };
}
