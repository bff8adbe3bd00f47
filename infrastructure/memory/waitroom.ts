import { isEnded, type ProcessState } from '../../domain/process.ts';

export interface Waiter {
  /** The ended process, or null when the time is up or the wait was given up. */
  readonly ended: Promise<ProcessState | null>;
  /** Gives up: resolves with null and frees the place. */
  cancel(): void;
}

export interface Waitroom {
  /** Waits up to `timeoutMs` for the process to end. Registered when it returns. */
  wait(correlationId: string, timeoutMs: number): Waiter;
  /** Calls back on every new state until the returned function is called. */
  watch(correlationId: string, listener: (state: ProcessState) => void): () => void;
  /** Hands a new state to all who wait for its process: O(waiters of this process). */
  notify(state: ProcessState): void;
  /** Correlation ids somebody waits for. */
  awaited(): string[];
  /** Lets every waiter go with null: at the stop. */
  releaseAll(): void;
  /** How many wait or watch. */
  size(): number;
}

interface Place {
  notify(state: ProcessState): void;
  release(): void;
}

/** Callers who wait for a process in this instance, any number for one process. */
export function createWaitroom(): Waitroom {
  const places = new Map<string, Set<Place>>();
  let count = 0;

  function take(correlationId: string, place: Place): void {
    const others = places.get(correlationId);
    if (others) others.add(place);
    else places.set(correlationId, new Set([place]));
    count++;
  }

  function leave(correlationId: string, place: Place): void {
    const others = places.get(correlationId);
    if (!others?.delete(place)) return;
    count--;
    if (others.size === 0) places.delete(correlationId);
  }

  return {
    wait(correlationId, timeoutMs) {
      const { promise, resolve } = withResolvers<ProcessState | null>();
      const finish = (state: ProcessState | null): void => {
        clearTimeout(timer);
        leave(correlationId, place);
        resolve(state);
      };
      const place: Place = {
        notify: (state) => {
          if (isEnded(state)) finish(state);
        },
        release: () => finish(null),
      };
      // Timers of one duration share a list in Node, so a waiter costs no search.
      const timer = setTimeout(finish, timeoutMs, null);
      take(correlationId, place);
      return { ended: promise, cancel: place.release };
    },
    watch(correlationId, listener) {
      const place: Place = { notify: listener, release: () => leave(correlationId, place) };
      take(correlationId, place);
      return place.release;
    },
    notify(state) {
      const set = places.get(state.correlationId);
      if (set) for (const place of [...set]) place.notify(state);
    },
    awaited: () => [...places.keys()],
    releaseAll() {
      for (const set of [...places.values()]) for (const place of [...set]) place.release();
    },
    size: () => count,
  };
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
