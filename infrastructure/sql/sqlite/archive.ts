import type BetterSqlite3 from 'better-sqlite3';
import type { Archive } from '../../../domain/ports/archive.ts';
import type { Clock } from '../../../domain/ports/clock.ts';
import { endedBefore as isEndedBefore, MOVABLE, upToMostEvents } from '../archive-rows.ts';
import { EVENT_COLUMNS } from '../event-row.ts';
import { fromProcessRow, PROCESS_COLUMNS, type ProcessRow } from '../process-row.ts';
import type { GroupCommit } from './group-commit.ts';
import { createSqliteRestore } from './restore.ts';

/** The archive on SQLite. A batch shares its transaction with the appends of its turn. */
export function createSqliteArchive(options: {
  db: BetterSqlite3.Database;
  groupCommit: GroupCommit;
  clock: Clock;
  preview: Archive['preview'];
}): Archive {
  const { db, groupCommit, clock, preview } = options;
  const movable = db.prepare<[object], { correlation_id: string; version: number }>(
    `SELECT p.correlation_id, p.version FROM process_store AS p
     WHERE ${isEndedBefore('@before')} AND ${MOVABLE} ORDER BY p.updated_at LIMIT @limit`,
  );
  const copyProcess = db.prepare(copyToArchive('process_store', PROCESS_COLUMNS));
  const copyEvents = db.prepare(copyToArchive('event_log', ['id', ...EVENT_COLUMNS]));
  const deleteProcess = db.prepare('DELETE FROM process_store WHERE correlation_id = ?');
  const deleteEvents = db.prepare('DELETE FROM event_log WHERE correlation_id = ?');
  const select = db.prepare<[string], ProcessRow>(
    `SELECT ${PROCESS_COLUMNS.join(', ')} FROM process_store_archive WHERE correlation_id = ?`,
  );

  return {
    async moveBatch({ endedBefore, limit }) {
      // Nothing to do is the usual answer, and should not wait for, or be, a writer.
      if (movable.all({ before: endedBefore, limit: 1 }).length === 0)
        return { processes: 0, events: 0 };
      return groupCommit.write(() => {
        const archivedAt = new Date(clock()).toISOString();
        const moved = { processes: 0, events: 0 };
        for (const id of upToMostEvents(movable.all({ before: endedBefore, limit }))) {
          copyProcess.run(archivedAt, id);
          copyEvents.run(archivedAt, id);
          deleteProcess.run(id);
          moved.events += deleteEvents.run(id).changes;
          moved.processes++;
        }
        return moved;
      });
    },
    preview,
    restore: createSqliteRestore({ db, groupCommit, clock }),
    async findProcess(correlationId) {
      const row = select.get(correlationId);
      return row ? fromProcessRow(row) : null;
    },
  };
}

/** Copies the rows of one process; takes `archived_at` and the correlation id. */
export function copyToArchive(table: string, columns: readonly string[]): string {
  const names = columns.join(', ');
  return `INSERT INTO ${table}_archive (${names}, archived_at)
    SELECT ${names}, ? FROM ${table} WHERE correlation_id = ?`;
}
