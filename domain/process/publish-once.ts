import { LRUCache } from 'lru-cache';
import type { Notifier } from './notifier.ts';

/** How long and for how many processes it is known what was published: a projection follows its commit in less. */
const KNOWN_TTL_MS = 5_000;
const MAX_KNOWN = 20_000;

interface Published {
  version: number;
  done: Promise<void>;
}

/**
 * A notifier that publishes a version of a process once: the projection has the same state as the commit before it. A
 * state that could not be published is published again. What was lost on the way to another instance was lost with its
 * subscription, and that instance then reads the log (`createCatchUp`).
 *
 * @param clock gives milliseconds
 */
export function publishOnce(notifier: Notifier, clock: { now(): number } = performance): Notifier {
  const published = new LRUCache<string, Published>({
    max: MAX_KNOWN,
    ttl: KNOWN_TTL_MS,
    ttlResolution: 0,
    perf: clock,
  });
  return {
    ...notifier,
    publish(state) {
      const { correlationId, version } = state;
      const known = published.get(correlationId);
      if (known?.version === version) return known.done;
      const done = notifier.publish(state);
      published.set(correlationId, { version, done });
      done.catch(() => {
        if (published.peek(correlationId)?.done === done) published.delete(correlationId);
      });
      return done;
    },
  };
}
