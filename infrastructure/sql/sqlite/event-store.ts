import { setImmediate as nextTurn } from 'node:timers/promises';
import type BetterSqlite3 from 'better-sqlite3';
import { VersionConflictError } from '../../../domain/errors.ts';
import type { ProcessEvent, StoredEvent } from '../../../domain/events.ts';
import type { AppendResult, Clock, EventStore } from '../../../domain/ports.ts';
import {
  checkAppend,
  EVENT_COLUMNS,
  type EventRow,
  fromEventRow,
  stored,
  toEventRow,
} from '../event-row.ts';
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

type Row = EventRow & { id: number };

/** Events that `readAll` takes at once: a few milliseconds, then others have their turn. */
const READ_PAGE = 200;

/** The event store on SQLite; see the port for what it promises. */
export function createSqliteEventStore(options: SqliteEventStoreOptions): EventStore {
  const { db, groupCommit, clock, leaseMs, onAppended } = options;
  const columns = EVENT_COLUMNS.join(', ');
  const insertEvent = db.prepare(
    `INSERT INTO event_log (${columns}) VALUES (${EVENT_COLUMNS.map(() => '?').join(', ')})`,
  );
  const insertOutbox = db.prepare(
    'INSERT INTO outbox (event_id, correlation_id, event_type, attempts, available_at, created_at) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const lastVersion = db
    .prepare<[string], number | null>('SELECT MAX(version) FROM event_log WHERE correlation_id = ?')
    .pluck();
  const byDedupeKey = db.prepare<[string], Row>('SELECT * FROM event_log WHERE dedupe_key = ?');
  const stream = db.prepare<[string, number, number], Row>(
    'SELECT * FROM event_log WHERE correlation_id = ? AND version > ? ORDER BY version LIMIT ?',
  );
  const byDedupeRange = db.prepare<[string, string], Row>(
    'SELECT * FROM event_log WHERE dedupe_key >= ? AND dedupe_key < ? ORDER BY id',
  );
  const byTrace = db.prepare<[string, number, number], Row>(
    'SELECT * FROM event_log WHERE traceability_id = ? AND id > ? ORDER BY id LIMIT ?',
  );
  const page = db.prepare<[number, number, number], Row>(
    'SELECT * FROM event_log WHERE id > ? AND id <= ? ORDER BY id LIMIT ?',
  );

  function append(
    correlationId: string,
    events: readonly ProcessEvent[],
    expectedVersion: number | undefined,
  ): AppendResult {
    for (const { dedupeKey } of events) {
      const known = dedupeKey === undefined ? undefined : byDedupeKey.get(dedupeKey);
      if (known) return { events: [fromRow(known)], duplicate: true };
    }
    // No other writer can come between: the transaction began as IMMEDIATE.
    const version = lastVersion.get(correlationId) ?? 0;
    if (expectedVersion !== undefined && expectedVersion !== version) {
      throw new VersionConflictError(correlationId, expectedVersion, version);
    }
    const now = clock();
    const createdAt = new Date(now).toISOString();
    const availableAt = leaseMs > 0 ? new Date(now + leaseMs).toISOString() : createdAt;
    const attempts = leaseMs > 0 ? 1 : 0;
    const written = events.map((event, index): StoredEvent => {
      const row = toEventRow(correlationId, version + 1 + index, event, createdAt);
      const { lastInsertRowid: id } = insertEvent.run(EVENT_COLUMNS.map((name) => row[name]));
      insertOutbox.run(id, correlationId, event.type, attempts, availableAt, createdAt);
      return stored(event, { id: String(id), correlationId, version: row.version, createdAt });
    });
    return { events: written, duplicate: false };
  }

  return {
    async append(correlationId, events, appendOptions = {}) {
      if (events.length === 0) return { events: [], duplicate: false };
      checkAppend(events);
      const result = await groupCommit.write(() =>
        append(correlationId, events, appendOptions.expectedVersion),
      );
      if (!result.duplicate) onAppended(result.events);
      return result;
    },
    async readStream(correlationId, { afterVersion = 0, limit = -1 } = {}) {
      return stream.all(correlationId, afterVersion, limit).map(fromRow);
    },
    async findByDedupePrefix(prefix) {
      return byDedupeRange.all(prefix, after(prefix)).map(fromRow);
    },
    async findByTrace(traceabilityId, { afterId = '0', limit }) {
      return byTrace.all(traceabilityId, Number(afterId), limit).map(fromRow);
    },
    // Pages instead of an open cursor: that would keep the connection from every other statement, and a
    // second connection's would keep the write-ahead log from being taken over into the file.
    async *readAll({ afterId = '0', untilId } = {}) {
      const until = untilId === undefined ? Number.MAX_SAFE_INTEGER : Number(untilId);
      for (let after = Number(afterId); ; ) {
        const rows = page.all(after, until, READ_PAGE);
        for (const row of rows) yield fromRow(row);
        const last = rows.at(-1);
        if (!last || rows.length < READ_PAGE) return;
        after = last.id;
        await nextTurn();
      }
    },
  };
}

function fromRow(row: Row): StoredEvent {
  return fromEventRow(String(row.id), row);
}

/** The first text that sorts after everything with this prefix (visible ASCII). */
function after(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}
