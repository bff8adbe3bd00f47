import type BetterSqlite3 from 'better-sqlite3';
import {
  type Clock,
  StreamArchivedError,
  VersionConflictError,
} from '../../domain/common/index.ts';
import type {
  AppendResult,
  EventStore,
  ProcessEvent,
  StoredEvent,
} from '../../domain/process/index.ts';
import { beginsAnew, lateInstanceId } from '../sql/archive-rows.ts';
import { EVENT_COLUMNS, type EventRow } from '../sql/columns.ts';
import { expectedHash } from '../sql/event-hash.ts';
import { checkAppend, stored, toEventRow } from '../sql/event-row.ts';
import { copyToArchive } from './batch-mover.ts';
import { createEventReads } from './event-reads.ts';
import type { GroupCommit } from './group-commit.ts';

export interface SqliteEventStoreOptions {
  db: BetterSqlite3.Database;
  groupCommit: GroupCommit;
  clock: Clock;
  /** Milliseconds for which new outbox rows belong to this process's relay; 0: to any relay at once. */
  leaseMs: number;
  /** Gets the events of each append after its commit. */
  onAppended: (events: readonly StoredEvent[]) => void;
}

/** The event store on SQLite; see the port for what it promises. */
export function createSqliteEventStore(options: SqliteEventStoreOptions): EventStore {
  const { db, groupCommit, clock, leaseMs, onAppended } = options;
  const { findLive, findArchived, ...reads } = createEventReads(db);
  const insertEvent = db.prepare(
    `INSERT INTO event_log (${EVENT_COLUMNS.join(', ')})
     VALUES (${EVENT_COLUMNS.map(() => '?').join(', ')})`,
  );
  const insertOutbox = db.prepare(
    'INSERT INTO outbox (event_id, correlation_id, event_type, attempts, available_at, created_at) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const lastOf = (table: string) =>
    db.prepare<[string], Pick<EventRow, 'version' | 'hash' | 'created_at'>>(
      `SELECT version, hash, created_at FROM ${table} WHERE correlation_id = ? ORDER BY version DESC LIMIT 1`,
    );
  const lastLive = lastOf('event_log');
  const lastArchived = lastOf('event_log_archive');
  const archiveEvents = db.prepare(copyToArchive('event_log', ['id', ...EVENT_COLUMNS], '= ?'));
  const deleteEvents = db.prepare('DELETE FROM event_log WHERE correlation_id = ?');
  const moveOnArchived = db.prepare(
    `UPDATE process_store_archive
     SET version = ?, updated_at = ?, process_instance_id = COALESCE(?, process_instance_id)
     WHERE correlation_id = ?`,
  );

  function append(
    correlationId: string,
    events: readonly ProcessEvent[],
    expectedVersion: number | undefined,
  ): AppendResult {
    for (const { dedupeKey } of events) {
      const known = dedupeKey === undefined ? undefined : findLive(dedupeKey);
      if (known) return { events: [known], duplicate: true };
    }
    // No other writer can come between: the transaction began as IMMEDIATE.
    let last = lastLive.get(correlationId);
    let archived = false;
    // A stream that is not there may be archived, and so may what a caller's key stands for.
    if (!last || expectedVersion === 0) {
      for (const { dedupeKey } of events) {
        const known = dedupeKey === undefined ? undefined : findArchived(dedupeKey);
        if (known) return { events: [known], duplicate: true };
      }
      if (!last) {
        last = lastArchived.get(correlationId);
        archived = last !== undefined;
      }
    }
    const version = last?.version ?? 0;
    if (expectedVersion !== undefined && expectedVersion !== version) {
      throw new VersionConflictError(correlationId, expectedVersion, version);
    }
    if (archived && beginsAnew(events)) throw new StreamArchivedError(correlationId);
    const now = clock();
    const writtenAt = new Date(now).toISOString();
    const availableAt = leaseMs > 0 ? new Date(now + leaseMs).toISOString() : writtenAt;
    // Of two processes, or before a clock was set back: times in a stream do not fall.
    const createdAt = last && last.created_at > writtenAt ? last.created_at : writtenAt;
    const attempts = leaseMs > 0 ? 1 : 0;
    let previous = last?.hash ?? null;
    const written = events.map((event, index): StoredEvent => {
      const row = toEventRow(correlationId, version + 1 + index, event, createdAt);
      row.hash = expectedHash(row, previous);
      previous = row.hash;
      const { lastInsertRowid: id } = insertEvent.run(EVENT_COLUMNS.map((name) => row[name]));
      insertOutbox.run(id, correlationId, event.type, attempts, availableAt, writtenAt);
      const place = { id: String(id), correlationId, version: row.version, createdAt };
      return stored(event, archived ? { ...place, archivedAt: createdAt } : place);
    });
    if (archived) {
      archiveEvents.run(createdAt, correlationId);
      deleteEvents.run(correlationId);
      const lastVersion = version + events.length;
      moveOnArchived.run(lastVersion, createdAt, lateInstanceId(events), correlationId);
    }
    return { events: written, duplicate: false };
  }

  return {
    ...reads,
    async append(correlationId, events, appendOptions = {}) {
      if (events.length === 0) return { events: [], duplicate: false };
      checkAppend(events);
      const result = await groupCommit.write(() =>
        append(correlationId, events, appendOptions.expectedVersion),
      );
      if (!result.duplicate) onAppended(result.events);
      return result;
    },
  };
}
