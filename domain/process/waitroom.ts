import { isEnded, type ProcessState } from './process-state.ts';

export interface Waiter {
  /** The ended process, or null when the time is up or the wait was given up. */
  readonly ended: Promise<ProcessState | null>;
  /** Stops waiting: `ended` resolves with null. */
  cancel(how?: WaitEnd): void;
}

/**
 * How a wait ended: with the end of the process, with its time, because the caller hung up or the service
 * stops, or because there was nothing to wait for.
 */
export type WaitEnd = 'answered' | 'timed-out' | 'hung-up' | 'stopped' | 'given-up';

export interface Waitroom {
  /**
   * Waits up to `timeoutMs` for the process to end, later than at `afterVersion` when that is given: the
   * end that a retry took back may be notified again. Registered when it returns.
   */
  wait(correlationId: string, timeoutMs: number, afterVersion?: number): Waiter;
  /** Calls the listener with every new state until the returned function is called. */
  watch(correlationId: string, listener: (state: ProcessState) => void): () => void;
  /** Passes a new state to all who wait for its process: O(waiters of this process). */
  notify(state: ProcessState): void;
  /** Whether somebody waits for this process. */
  has(correlationId: string): boolean;
  /** Correlation ids somebody waits for. */
  awaited(): string[];
  /** Ends every wait with null, and those that still come: for the stop of the service. */
  releaseAll(): void;
  /** How many wait or watch. */
  size(): number;
}

interface Waiting {
  notify(state: ProcessState): void;
  release(): void;
}

/**
 * All who wait for a process in this service instance, any number for one process.
 *
 * @param onEnd called at the end of every wait, with its milliseconds
 */
export function createWaitroom(
  onEnd: (how: WaitEnd, milliseconds: number) => void = () => {},
): Waitroom {
  // Most processes have one waiter, and a set for each would add a fifth of its memory.
  const waiting = new Map<string, Waiting | Set<Waiting>>();
  let count = 0;
  let closed = false;

  function add(correlationId: string, one: Waiting): void {
    const others = waiting.get(correlationId);
    if (others instanceof Set) others.add(one);
    else waiting.set(correlationId, others ? new Set([others, one]) : one);
    count++;
  }

  function remove(correlationId: string, one: Waiting): boolean {
    const others = waiting.get(correlationId);
    const isThere = others instanceof Set ? others.delete(one) : others === one;
    if (!isThere) return false;
    count--;
    if (others === one || (others instanceof Set && others.size === 0)) {
      waiting.delete(correlationId);
    }
    return true;
  }

  function finish(correlationId: string, one: Waiting, how: WaitEnd, began: number): void {
    if (remove(correlationId, one)) onEnd(how, performance.now() - began);
  }

  /** A copy of those who wait for one process: they leave while they are notified. */
  function at(correlationId: string): Waiting[] {
    const there = waiting.get(correlationId);
    if (!there) return [];
    return there instanceof Set ? [...there] : [there];
  }

  return {
    wait(correlationId, timeoutMs, afterVersion = 0) {
      const wait = closed ? 0 : timeoutMs;
      const one = new ProcessWaiter(correlationId, wait, afterVersion, finish);
      add(correlationId, one);
      return one;
    },
    watch(correlationId, listener) {
      const one: Waiting = { notify: listener, release: () => void remove(correlationId, one) };
      add(correlationId, one);
      return one.release;
    },
    notify(state) {
      const errors: unknown[] = [];
      for (const one of at(state.correlationId)) {
        try {
          one.notify(state);
        } catch (error) {
          // A watcher that fails must not keep the state from those behind it.
          errors.push(error);
        }
      }
      if (errors.length > 0) throw new AggregateError(errors, 'a watcher failed');
    },
    has: (correlationId) => waiting.has(correlationId),
    awaited: () => [...waiting.keys()],
    releaseAll() {
      closed = true;
      for (const id of [...waiting.keys()]) for (const one of at(id)) one.release();
    },
    size: () => count,
  };
}

/**
 * One waiter. A class, because instances share their methods: with closures a waiter takes 1.7 KB, this
 * way 0.8, and a hundred thousand may wait.
 */
class ProcessWaiter implements Waiter, Waiting {
  readonly ended: Promise<ProcessState | null>;
  private resolve: (state: ProcessState | null) => void = () => {};
  // Timers of one duration share a list in Node, so a waiter costs no search.
  private readonly timer: NodeJS.Timeout;
  private readonly began = performance.now();

  constructor(
    private readonly correlationId: string,
    timeoutMs: number,
    private readonly afterVersion: number,
    private readonly leave: (id: string, one: Waiting, how: WaitEnd, began: number) => void,
  ) {
    this.ended = new Promise((resolve) => {
      this.resolve = resolve;
    });
    this.timer = setTimeout(this.cancel, timeoutMs, 'timed-out');
  }

  notify(state: ProcessState): void {
    if (isEnded(state) && state.version > this.afterVersion) this.finish(state, 'answered');
  }

  release(): void {
    this.finish(null, 'stopped');
  }

  // A field, because callers pass it on by itself.
  readonly cancel = (how: WaitEnd = 'given-up'): void => this.finish(null, how);

  private finish(state: ProcessState | null, how: WaitEnd): void {
    clearTimeout(this.timer);
    this.leave(this.correlationId, this, how, this.began);
    this.resolve(state);
  }
}
