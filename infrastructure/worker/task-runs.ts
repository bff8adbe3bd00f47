import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkerSlots } from './start-gate.ts';

/** What hands the tasks of an engine to our steps. */
export interface RunningWorker extends WorkerSlots {
  /**
   * Takes no more tasks; gives running ones `timeoutMs` to finish, then hands them back, for which it takes no more
   * than `HAND_BACK_TIMEOUT_MS` twice, whatever the engine does.
   */
  stop(timeoutMs: number): Promise<void>;
}

/** The tasks that a worker has in hand, and how they end when it stops. */
export interface TaskRuns {
  /** Tasks in hand; one that came again while it was in hand counts once. */
  readonly count: number;
  /** Whether this task is in hand. */
  has(taskId: string): boolean;
  /** Tasks that were in hand, and have ended or were handed back. */
  readonly ended: number;
  /** Fires when the worker begins to stop: what it is given from then on, it hands back. */
  readonly draining: AbortSignal;
  /** Fires when running tasks have had their time to finish. */
  readonly stopping: AbortSignal;
  /** Has a task in hand until `work` is done, which begins when an earlier run of the same task has ended. */
  run(taskId: string, work: () => Promise<void>): Promise<void>;
  /**
   * Gives running tasks `timeoutMs` to finish, then `HAND_BACK_TIMEOUT_MS` to be handed back.
   *
   * @param quiet resolves when no more tasks can come
   */
  drain(timeoutMs: number, quiet?: () => Promise<void>): Promise<void>;
  /** Waits for the tasks in hand, but no longer than `HAND_BACK_TIMEOUT_MS`. */
  settle(): Promise<void>;
}

/** Longest time, at the end of a stop, for handing back unfinished tasks. */
const HAND_BACK_TIMEOUT_MS = 1_500;

export function createTaskRuns(): TaskRuns {
  const draining = new AbortController();
  const stopping = new AbortController();
  // Every running task listens to both; Node warns of a leak from the eleventh on.
  setMaxListeners(0, draining.signal, stopping.signal);
  const running = new Set<Promise<void>>();
  let ended = 0;
  const inHand = new Map<string, Promise<void>>();
  const settled = () => Promise.allSettled(running);

  /**
   * Race: a task may come again while its handler works, because its lock ran out when the engine was away for that
   * long, or somebody took the lock off. The second run waits for the first and finds what that journaled.
   */
  function afterItself(taskId: string, work: () => Promise<void>): Promise<void> {
    const earlier = inHand.get(taskId);
    const done = (earlier ? earlier.then(work, work) : work()).finally(() => {
      if (inHand.get(taskId) === done) inHand.delete(taskId);
    });
    inHand.set(taskId, done);
    return done;
  }

  return {
    get count() {
      return inHand.size;
    },
    has: (taskId) => inHand.has(taskId),
    get ended() {
      return ended;
    },
    draining: draining.signal,
    stopping: stopping.signal,
    run(taskId, work) {
      const done: Promise<void> = afterItself(taskId, work).finally(() => {
        running.delete(done);
        ended++;
      });
      running.add(done);
      return done;
    },
    async drain(timeoutMs, quiet = async () => {}) {
      draining.abort(new Error('the worker stops'));
      await within(timeoutMs, async () => {
        await quiet();
        await settled();
      });
      stopping.abort(new Error('the worker stops'));
      await within(HAND_BACK_TIMEOUT_MS, async () => {
        await quiet();
        await settled();
      });
    },
    settle: () => within(HAND_BACK_TIMEOUT_MS, settled),
  };
}

/** Waits for `work`, but no longer than `ms`. */
async function within(ms: number, work: () => Promise<unknown>): Promise<void> {
  const late = new AbortController();
  const timeUp = sleep(ms, undefined, { signal: late.signal }).catch(() => {});
  await Promise.race([work(), timeUp]);
  late.abort();
}
