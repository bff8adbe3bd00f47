import type BetterSqlite3 from 'better-sqlite3';
import type { Clock } from '../../domain/common/index.ts';
import type { EventStore, StoredEvent } from '../../domain/process/index.ts';
import { checkAppend } from '../sql/event-row.ts';
import { createAppend } from './append.ts';
import { createEventReads } from './event-reads.ts';
import type { GroupCommit } from './group-commit.ts';
import type { RecentStreams } from './recent-streams.ts';
import { createStreamTails } from './stream-tails.ts';

interface SqliteEventStoreOptions {
  db: BetterSqlite3.Database;
  groupCommit: GroupCommit;
  clock: Clock;
  /** Milliseconds for which new outbox rows belong to this process's relay; 0: to any relay at once. */
  leaseMs: number;
  /** Receives the events of each append after its commit. */
  onAppended: (events: readonly StoredEvent[]) => void;
  /** The streams that run; left out when other processes append to them as well. */
  recent?: RecentStreams | undefined;
}

/** The event store on SQLite; see the port for what it promises. */
export function createSqliteEventStore(options: SqliteEventStoreOptions): EventStore {
  const { db, groupCommit, clock, leaseMs, onAppended, recent } = options;
  const { findLive, findArchived, ...reads } = createEventReads(db);
  const tails = recent && createStreamTails();
  if (tails) groupCommit.onRolledBack(tails.clear);
  const append = createAppend({ db, reads: { findLive, findArchived }, clock, leaseMs, tails });

  return {
    ...reads,
    async readStream(correlationId, range = {}) {
      const { afterVersion = 0, limit } = range;
      const known = recent?.get(correlationId);
      if (known)
        return known.slice(afterVersion, limit === undefined ? undefined : afterVersion + limit);
      return reads.readStream(correlationId, range);
    },
    async findByDedupePrefix(prefix, correlationId) {
      const known = correlationId === undefined ? undefined : recent?.get(correlationId);
      if (known) return known.filter(({ dedupeKey }) => dedupeKey?.startsWith(prefix));
      return reads.findByDedupePrefix(prefix);
    },
    async append(correlationId, events, { expectedVersion } = {}) {
      if (events.length === 0) return { events: [], duplicate: false };
      checkAppend(events);
      const { events: written, duplicate } = await groupCommit.write(
        () => append(correlationId, events, expectedVersion),
        (result) => {
          if (!result.duplicate) recent?.add(correlationId, result.events, result.bytes);
        },
      );
      if (!duplicate) onAppended(written);
      return { events: written, duplicate };
    },
  };
}
