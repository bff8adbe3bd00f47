import { LRUCache } from 'lru-cache';
import { isEnded, type ProcessState } from './process-state.ts';

/** Milliseconds an ended process stays in memory: long enough for the status call that follows. */
const ENDED_TTL_MS = 5_000;
export interface ProcessMap {
  get(correlationId: string): ProcessState | undefined;
  /** Takes the state unless a newer one is there. Returns whether it was news. */
  set(state: ProcessState): boolean;
  /** Forgets everything, after notifications may have been missed. */
  clear(): void;
  size(): number;
}

/**
 * The in-memory process store: the latest state of each process this instance heard of, at most
 * `max` of them, least recently used out first. A cache: nothing is lost with it, and what it has may be
 * old, for pub/sub loses messages and may bring an old one after the end has left. Who reads it holds its
 * version against the log's.
 *
 * @param clock gives milliseconds
 */
export function createProcessMap(max: number, clock: { now(): number } = performance): ProcessMap {
  const states = new LRUCache<string, ProcessState>({ max, perf: clock });
  return {
    get: (correlationId) => states.get(correlationId),
    set(state) {
      const known = states.peek(state.correlationId);
      // Notifications of two projectors may overtake each other.
      if (known && known.version >= state.version) return false;
      states.set(state.correlationId, state, { ttl: isEnded(state) ? ENDED_TTL_MS : 0 });
      return true;
    },
    clear: () => states.clear(),
    size: () => states.size,
  };
}
