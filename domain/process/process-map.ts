import { LRUCache } from 'lru-cache';
import { isEnded, type ProcessState } from './process-state.ts';

/** Milliseconds an ended process stays in memory: long enough for the status call that follows. */
const ENDED_TTL_MS = 5_000;
/** How often the ended ones are removed, in milliseconds: until then nobody gets them, but they take memory. */
const REMOVAL_INTERVAL_MS = ENDED_TTL_MS + 1_000;

export interface ProcessMap {
  get(correlationId: string): ProcessState | undefined;
  /** Keeps the state, unless it has the same version or a newer one. Returns whether it was kept. */
  set(state: ProcessState): boolean;
  /** Removes everything, after notifications may have been missed. */
  clear(): void;
  size(): number;
}

/**
 * The latest states that this service instance was notified of, at most `max`; the least recently used leaves first.
 * A cache: nothing is lost with it, and a state in it may be old, because pub/sub loses messages and may deliver an old
 * one after the end has left the map. A reader compares its version with the one in the log.
 *
 * @param clock gives milliseconds
 */
export function createProcessMap(max: number, clock: { now(): number } = performance): ProcessMap {
  const states = new LRUCache<string, ProcessState>({ max, perf: clock });
  let removal: NodeJS.Timeout | undefined;
  /** Whether a process has ended since the timer of the removal was set: that timer is too early for it. */
  let isEndedSince = false;

  // One timer for all: the cache by itself keeps what nobody asks for until `max` others have come, or sets a timer for
  // each of them.
  function removeEnded(): void {
    if (removal) {
      isEndedSince = true;
      return;
    }
    isEndedSince = false;
    removal = setTimeout(() => {
      removal = undefined;
      states.purgeStale();
      if (isEndedSince) removeEnded();
    }, REMOVAL_INTERVAL_MS).unref();
  }

  return {
    get: (correlationId) => states.get(correlationId),
    set(state) {
      const known = states.peek(state.correlationId);
      // Notifications of two projectors may overtake each other.
      if (known && known.version >= state.version) return false;
      const hasEnded = isEnded(state);
      states.set(state.correlationId, state, { ttl: hasEnded ? ENDED_TTL_MS : 0 });
      if (hasEnded) removeEnded();
      return true;
    },
    clear: () => states.clear(),
    size: () => states.size,
  };
}
