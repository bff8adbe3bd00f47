import {
  checkSchedule,
  nextTime,
  type QueueLog,
  type Schedule,
  type TimedJobHandler,
  type TimedJobName,
} from '../../domain/outbox/index.ts';

interface TimedJobs {
  schedule(name: TimedJobName, when: Schedule, handler: TimedJobHandler): Promise<void>;
  unschedule(name: TimedJobName): Promise<void>;
  /** Starts no more runs and aborts the running ones. Resolves when they have ended. */
  close(): Promise<void>;
}

/** A timer cannot be set for more than about 24 days, so a longer wait is cut into waits of an hour. */
const MAX_TIMER_DELAY_MS = 3_600_000;

/** Timed jobs by the clock of this process. A run that would start while the one before still runs is left out. */
export function createInProcessTimedJobs(log: QueueLog): TimedJobs {
  const timers = new Map<TimedJobName, () => void>();
  const running = new Map<TimedJobName, Promise<void>>();
  const closing = new AbortController();

  function run(name: TimedJobName, handler: TimedJobHandler): void {
    // Runs of an earlier schedule count as well.
    if (running.has(name)) return;
    // An async function, so that a handler that throws synchronously becomes a rejection.
    const done = (async () => handler(closing.signal))()
      .catch((error: unknown) => {
        if (!closing.signal.aborted) log.error({ err: error, job: name }, 'timed job failed');
      })
      .finally(() => running.delete(name));
    running.set(name, done);
  }

  function stopTimer(name: TimedJobName): void {
    timers.get(name)?.();
    timers.delete(name);
  }

  return {
    async schedule(name, when, handler) {
      checkSchedule(when);
      closing.signal.throwIfAborted();
      stopTimer(name);
      const tick = (): void => run(name, handler);
      timers.set(name, 'cron' in when ? atTimesOf(when.cron, tick) : every(when.everyMs, tick));
    },
    async unschedule(name) {
      stopTimer(name);
    },
    async close() {
      for (const name of [...timers.keys()]) stopTimer(name);
      closing.abort(new Error('the queue is closed'));
      await Promise.all(running.values());
    },
  };
}

/** @returns a function that stops it */
function every(ms: number, tick: () => void): () => void {
  const timer = setInterval(tick, ms);
  return () => clearInterval(timer);
}

/** @returns a function that stops it */
function atTimesOf(pattern: string, tick: () => void): () => void {
  let timer: NodeJS.Timeout;
  function wait(due: number): void {
    const pause = due - Date.now();
    if (pause > MAX_TIMER_DELAY_MS) {
      timer = setTimeout(wait, MAX_TIMER_DELAY_MS, due);
      return;
    }
    timer = setTimeout(() => {
      // A timer may fire a millisecond before its time: the next time is the one after this.
      wait(nextTime(pattern, new Date(Math.max(due, Date.now()))));
      tick();
    }, pause);
  }
  wait(nextTime(pattern, new Date()));
  return () => clearTimeout(timer);
}
