import type { StoredEvent } from '../../../domain/process/index.ts';

/** Called with the events of one append, right after their commit and before the append resolves. */
type CommitListener = (events: readonly StoredEvent[]) => void;

/** Passes events from their commit to the listeners. */
export interface Commits {
  /** For the database: calls one listener after the other. */
  publish: CommitListener;
  /** Adds listeners after the existing ones. */
  subscribe(...listeners: readonly CommitListener[]): void;
}

/** Created before the database, which publishes to it; the listeners need the database. */
export function createCommits(): Commits {
  const subscribed: CommitListener[] = [];
  return {
    publish(events) {
      for (const listener of subscribed) listener(events);
    },
    subscribe: (...listeners) => void subscribed.push(...listeners),
  };
}
