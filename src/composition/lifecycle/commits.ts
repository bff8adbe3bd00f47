import type { StoredEvent } from '../../../domain/process/index.ts';

/** Gets the events of one append, right after their commit and before the append answers. */
type CommitListener = (events: readonly StoredEvent[]) => void;

/** The way of events from their commit to whoever acts on them. */
export interface Commits {
  /** For the database: passes the events on, to one listener after the other. */
  publish: CommitListener;
  /** Adds listeners behind those that are there. */
  subscribe(...listeners: readonly CommitListener[]): void;
}

/** Built before the database, which publishes to it; the listeners are built on the database. */
export function createCommits(): Commits {
  const subscribed: CommitListener[] = [];
  return {
    publish(events) {
      for (const listener of subscribed) listener(events);
    },
    subscribe: (...listeners) => void subscribed.push(...listeners),
  };
}
