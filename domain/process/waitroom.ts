import { isEnded, type ProcessState } from './process-state.ts';

export interface Waiter {
  /** The ended process, or null when the time is up or the wait was given up. */
  readonly ended: Promise<ProcessState | null>;
  /** Gives up: resolves with null and frees the place. */
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
   * end that a retry took back may be told again. Registered when it returns.
   */
  wait(correlationId: string, timeoutMs: number, afterVersion?: number): Waiter;
  /** Calls back on every new state until the returned function is called. */
  watch(correlationId: string, listener: (state: ProcessState) => void): () => void;
  /** Hands a new state to all who wait for its process: O(waiters of this process). */
  notify(state: ProcessState): void;
  /** Whether somebody waits for this process. */
  has(correlationId: string): boolean;
  /** Correlation ids somebody waits for. */
  awaited(): string[];
  /** Lets every waiter go with null, and those that still come: at the stop. */
  releaseAll(): void;
  /** How many wait or watch. */
  size(): number;
}

interface Place {
  notify(state: ProcessState): void;
  release(): void;
}

/**
 * Callers who wait for a process in this instance, any number for one process.
 *
 * @param onEnd hears of every wait that ended, and of its milliseconds
 */
export function createWaitroom(
  onEnd: (how: WaitEnd, milliseconds: number) => void = () => {},
): Waitroom {
  // Most processes have one waiter, and a set for each would be a fifth of what it costs.
  const places = new Map<string, Place | Set<Place>>();
  let count = 0;
  let closed = false;

  function take(correlationId: string, place: Place): void {
    const others = places.get(correlationId);
    if (others instanceof Set) others.add(place);
    else places.set(correlationId, others ? new Set([others, place]) : place);
    count++;
  }

  function leave(correlationId: string, place: Place): boolean {
    const others = places.get(correlationId);
    const isThere = others instanceof Set ? others.delete(place) : others === place;
    if (!isThere) return false;
    count--;
    if (others === place || (others instanceof Set && others.size === 0)) {
      places.delete(correlationId);
    }
    return true;
  }

  function finish(correlationId: string, place: Place, how: WaitEnd, began: number): void {
    if (leave(correlationId, place)) onEnd(how, performance.now() - began);
  }

  /** Those who wait for one process, as they are now: they leave while they are told. */
  function at(correlationId: string): Place[] {
    const there = places.get(correlationId);
    if (!there) return [];
    return there instanceof Set ? [...there] : [there];
  }

  return {
    wait(correlationId, timeoutMs, afterVersion = 0) {
      const wait = closed ? 0 : timeoutMs;
      const place = new WaiterPlace(correlationId, wait, afterVersion, finish);
      take(correlationId, place);
      return place;
    },
    watch(correlationId, listener) {
      const place: Place = { notify: listener, release: () => void leave(correlationId, place) };
      take(correlationId, place);
      return place.release;
    },
    notify(state) {
      const errors: unknown[] = [];
      for (const place of at(state.correlationId)) {
        try {
          place.notify(state);
        } catch (error) {
          // A watcher that breaks must not keep the news from those behind it.
          errors.push(error);
        }
      }
      if (errors.length > 0) throw new AggregateError(errors, 'a watcher failed');
    },
    has: (correlationId) => places.has(correlationId),
    awaited: () => [...places.keys()],
    releaseAll() {
      closed = true;
      for (const id of [...places.keys()]) for (const place of at(id)) place.release();
    },
    size: () => count,
  };
}

/**
 * One waiter. A class, for its methods are shared: with closures for each waiter it cost 1.7 KB, this
 * way 0.8, and a hundred thousand may wait.
 */
class WaiterPlace implements Waiter, Place {
  readonly ended: Promise<ProcessState | null>;
  private resolve: (state: ProcessState | null) => void = () => {};
  // Timers of one duration share a list in Node, so a waiter costs no search.
  private readonly timer: NodeJS.Timeout;
  private readonly began = performance.now();

  constructor(
    private readonly correlationId: string,
    timeoutMs: number,
    private readonly afterVersion: number,
    private readonly leave: (id: string, place: Place, how: WaitEnd, began: number) => void,
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

  // Its own, for callers hand it on by itself.
  readonly cancel = (how: WaitEnd = 'given-up'): void => this.finish(null, how);

  private finish(state: ProcessState | null, how: WaitEnd): void {
    clearTimeout(this.timer);
    this.leave(this.correlationId, this, how, this.began);
    this.resolve(state);
  }
}
