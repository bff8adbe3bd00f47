import type BetterSqlite3 from 'better-sqlite3';
import type { Clock } from '../../domain/common/index.ts';
import type { EventStore, StoredEvent } from '../../domain/process/index.ts';
import { checkAppend } from '../sql/event-row.ts';
import { createAppend } from './append.ts';
import { createEventReads } from './event-reads.ts';
import type { GroupCommit } from './group-commit.ts';

interface SqliteEventStoreOptions {
  db: BetterSqlite3.Database;
  groupCommit: GroupCommit;
  clock: Clock;
  /** Milliseconds for which new outbox rows belong to this process's relay; 0: to any relay at once. */
  leaseMs: number;
  /** Receives the events of each append after its commit. */
  onAppended: (events: readonly StoredEvent[]) => void;
}

/** The event store on SQLite; see the port for what it promises. */
export function createSqliteEventStore(options: SqliteEventStoreOptions): EventStore {
  const { db, groupCommit, clock, leaseMs, onAppended } = options;
  const { findLive, findArchived, ...reads } = createEventReads(db);
  const append = createAppend({ db, reads: { findLive, findArchived }, clock, leaseMs });

  return {
    ...reads,
    async append(correlationId, events, { expectedVersion } = {}) {
      if (events.length === 0) return { events: [], duplicate: false };
      checkAppend(events);
      const result = await groupCommit.write(() => append(correlationId, events, expectedVersion));
      if (!result.duplicate) onAppended(result.events);
      return result;
    },
  };
}
