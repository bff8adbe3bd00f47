import type BetterSqlite3 from 'better-sqlite3';
import {
  type Clock,
  StreamArchivedError,
  VersionConflictError,
} from '../../domain/common/index.ts';
import type { AppendResult, ProcessEvent, StoredEvent } from '../../domain/process/index.ts';
import { lateInstanceId, reopens } from '../sql/archive-rows.ts';
import { EVENT_COLUMNS, type EventRow } from '../sql/columns.ts';
import { expectedHash } from '../sql/event-hash.ts';
import { stored, toEventRow } from '../sql/event-row.ts';
import type { EventReads } from './event-reads.ts';
import { copyToArchive } from './move-batch.ts';

/** What a new event needs to know of the one before it. */
type LastEvent = Pick<EventRow, 'version' | 'hash' | 'created_at'>;

interface Appended extends AppendResult {
  /** Of the texts that the events hold, roughly; 0 when the stream is archived. */
  bytes: number;
}

/**
 * Appends events and their outbox rows, within the transaction of the caller: it began as IMMEDIATE, so no other
 * writer can come between.
 */
export function createAppend({
  db,
  reads,
  clock,
  leaseMs,
}: {
  db: BetterSqlite3.Database;
  reads: Pick<EventReads, 'findLive' | 'findArchived'>;
  clock: Clock;
  leaseMs: number;
}) {
  const insertEvent = db.prepare(
    `INSERT INTO event_log (${EVENT_COLUMNS.join(', ')})
     VALUES (${EVENT_COLUMNS.map(() => '?').join(', ')})`,
  );
  const insertOutbox = db.prepare(
    'INSERT INTO outbox (event_id, correlation_id, event_type, attempts, available_at, created_at) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const lastOf = (table: string) =>
    db.prepare<[string], LastEvent>(
      `SELECT version, hash, created_at FROM ${table} WHERE correlation_id = ? ORDER BY version DESC LIMIT 1`,
    );
  const lastLive = lastOf('event_log');
  const lastArchived = lastOf('event_log_archive');
  const archiveEvents = db.prepare(copyToArchive('event_log', ['id', ...EVENT_COLUMNS], '= ?'));
  const deleteEvents = db.prepare('DELETE FROM event_log WHERE correlation_id = ?');
  const updateArchivedRow = db.prepare(
    `UPDATE process_store_archive
     SET version = ?, updated_at = ?, process_instance_id = COALESCE(?, process_instance_id)
     WHERE correlation_id = ?`,
  );

  /** The event that a dedupe key of these stands for, if any is known. */
  function findKnown(
    events: readonly ProcessEvent[],
    find: (dedupeKey: string) => StoredEvent | undefined,
  ): StoredEvent | undefined {
    for (const { dedupeKey } of events) {
      const known = dedupeKey === undefined ? undefined : find(dedupeKey);
      if (known) return known;
    }
    return undefined;
  }

  function insert(
    correlationId: string,
    events: readonly ProcessEvent[],
    last: LastEvent | undefined,
    isArchived: boolean,
  ): Appended {
    const now = clock();
    const writtenAt = new Date(now).toISOString();
    const availableAt = leaseMs > 0 ? new Date(now + leaseMs).toISOString() : writtenAt;
    // Another process may have a faster clock, or a clock was set back: times in a stream do not fall.
    const createdAt = last && last.created_at > writtenAt ? last.created_at : writtenAt;
    const attempts = leaseMs > 0 ? 1 : 0;
    const version = last?.version ?? 0;
    let previous = last?.hash ?? null;
    let bytes = 0;
    const written = events.map((event, index): StoredEvent => {
      const row = toEventRow(correlationId, version + 1 + index, event, createdAt);
      row.hash = expectedHash(row, previous);
      previous = row.hash;
      bytes += textsOf(row);
      const { lastInsertRowid: id } = insertEvent.run(EVENT_COLUMNS.map((name) => row[name]));
      insertOutbox.run(id, correlationId, event.type, attempts, availableAt, writtenAt);
      const place = { id: String(id), correlationId, version: row.version, createdAt };
      return stored(event, isArchived ? { ...place, archivedAt: createdAt } : place);
    });
    if (isArchived) {
      archiveEvents.run(createdAt, correlationId);
      deleteEvents.run(correlationId);
      const lastVersion = version + events.length;
      updateArchivedRow.run(lastVersion, createdAt, lateInstanceId(events), correlationId);
    }
    return { events: written, duplicate: false, bytes: isArchived ? 0 : bytes };
  }

  return (
    correlationId: string,
    events: readonly ProcessEvent[],
    expectedVersion: number | undefined,
  ): Appended => {
    const live = lastLive.get(correlationId);
    // A stream that is not live may be archived, and so may the event of a caller's key.
    const known =
      findKnown(events, reads.findLive) ??
      (!live || expectedVersion === 0 ? findKnown(events, reads.findArchived) : undefined);
    if (known) return { events: [known], duplicate: true, bytes: 0 };
    const last = live ?? lastArchived.get(correlationId);
    const version = last?.version ?? 0;
    if (expectedVersion !== undefined && expectedVersion !== version) {
      throw new VersionConflictError(correlationId, expectedVersion, version);
    }
    const isArchived = !live && last !== undefined;
    if (isArchived && reopens(events)) throw new StreamArchivedError(correlationId);
    return insert(correlationId, events, last, isArchived);
  };
}

function textsOf({ request_data: request, response_data: response, metadata }: EventRow): number {
  return (request?.length ?? 0) + (response?.length ?? 0) + (metadata?.length ?? 0);
}
