import type BetterSqlite3 from 'better-sqlite3';
import type { Clock } from '../../domain/common/index.ts';
import { MAX_COUNTED_ROWS, maxHidden, type Outbox } from '../../domain/outbox/index.ts';
import type { EventType } from '../../domain/process/index.ts';
import type { GroupCommit } from './group-commit.ts';

interface Row {
  event_id: number;
  correlation_id: string;
  event_type: EventType;
  attempts: number;
  created_at: string;
  traceparent: string | null;
  user_task: string | null;
}

const DUE = '(outbox.available_at <= ? OR outbox.available_at > ?)';

/** The outbox on SQLite: there is one writer at a time, so a claim needs no lock hints. */
export function createSqliteOutbox(options: {
  db: BetterSqlite3.Database;
  groupCommit: GroupCommit;
  clock: Clock;
}): Outbox {
  const { db, groupCommit, clock } = options;
  const anyDue = db
    .prepare<[string, string], number>(`SELECT 1 FROM outbox WHERE ${DUE} LIMIT 1`)
    .pluck();
  const due = db.prepare<[string, string, number], Row>(
    `SELECT outbox.event_id, outbox.correlation_id, outbox.event_type, outbox.attempts,
       outbox.created_at, json_extract(event_log.metadata, '$.traceparent') AS traceparent,
       json_extract(event_log.metadata, '$.userTask') AS user_task
     FROM outbox LEFT JOIN event_log ON event_log.id = outbox.event_id
     WHERE ${DUE} ORDER BY outbox.event_id LIMIT ?`,
  );
  const lease = db.prepare(
    'UPDATE outbox SET attempts = attempts + 1, available_at = ? WHERE event_id = ?',
  );
  const remove = db.prepare(
    'DELETE FROM outbox WHERE event_id IN (SELECT value FROM json_each(?))',
  );
  const release = db.prepare(
    'UPDATE outbox SET available_at = ?, last_error = ? WHERE event_id = ?',
  );
  const releaseAll = db.prepare('UPDATE outbox SET available_at = ?');
  const depth = db.prepare<[], { rows: number; oldest: string | null }>(
    `SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM outbox LIMIT ${MAX_COUNTED_ROWS})) AS rows,
       (SELECT created_at FROM outbox ORDER BY event_id LIMIT 1) AS oldest`,
  );
  const at = (milliseconds: number): string => new Date(milliseconds).toISOString();

  return {
    async claim(limit, leaseMs) {
      // Usually a poll finds nothing; that should not wait for a writer, or be one.
      const bounds = (now: number): [string, string] => [at(now), at(now + maxHidden(leaseMs))];
      if (anyDue.get(...bounds(clock())) === undefined) return [];
      return groupCommit.write(() => {
        const now = clock();
        const rows = due.all(...bounds(now), limit);
        for (const row of rows) lease.run(at(now + leaseMs), row.event_id);
        return rows.map((row) => ({
          eventId: String(row.event_id),
          correlationId: row.correlation_id,
          eventType: row.event_type,
          isUserTask: row.user_task !== null,
          attempts: row.attempts,
          createdAt: row.created_at,
          traceparent: row.traceparent ?? undefined,
        }));
      });
    },
    remove: (eventIds) => groupCommit.write(() => void remove.run(`[${eventIds.join(',')}]`)),
    release: (eventIds, error, delayMs) =>
      groupCommit.write(() => {
        const availableAt = at(clock() + delayMs);
        for (const id of eventIds) release.run(availableAt, error, Number(id));
      }),
    releaseAll: () => groupCommit.write(() => releaseAll.run(at(clock())).changes),
    async depth() {
      const { rows, oldest } = depth.get() ?? { rows: 0, oldest: null };
      return { rows, oldestAgeMs: oldest === null ? 0 : Math.max(0, clock() - Date.parse(oldest)) };
    },
  };
}
