import type BetterSqlite3 from 'better-sqlite3';
import type { Purge } from '../../domain/archive/index.ts';
import { COUNT_MOVE } from '../sql/checkpoints.ts';
import { WHOLE } from '../sql/purge-rows.ts';
import type { GroupCommit } from './group-commit.ts';
import { overwriting } from './identifiers.ts';

/** `remove` on SQLite. */
export function createSqliteRemove(
  db: BetterSqlite3.Database,
  groupCommit: GroupCommit,
): Purge['remove'] {
  const isThere = db
    .prepare<[string, number], string>(
      'SELECT correlation_id FROM process_store_archive WHERE correlation_id = ? AND version = ?',
    )
    .pluck();
  const deleteProcess = db.prepare<[string, number]>(
    `DELETE FROM process_store_archive AS p WHERE p.correlation_id = ? AND p.version = ? AND ${WHOLE}`,
  );
  const deleteEvents = db.prepare('DELETE FROM event_log_archive WHERE correlation_id = ?');
  const deleteIdentifiers = db.prepare(
    'DELETE FROM process_identifier_archive WHERE correlation_id = ?',
  );
  const countMove = db.prepare(COUNT_MOVE);
  const deleteKey = db.prepare('DELETE FROM process_key WHERE correlation_id = ?');

  return async (processes, { keepKeys }) => {
    // Processes of files that were purged before do not exist any more: no write is needed.
    const there = processes.filter(
      ({ correlationId, version }) => isThere.get(correlationId, version) !== undefined,
    );
    const removed = { processes: 0, events: 0 };
    if (there.length === 0) return removed;
    return groupCommit.write(() => {
      const count = { ...removed };
      for (const { correlationId, version } of there) {
        if (deleteProcess.run(correlationId, version).changes === 0) continue;
        count.events += deleteEvents.run(correlationId).changes;
        count.processes++;
        overwriting(db, () => deleteIdentifiers.run(correlationId));
        if (!keepKeys) deleteKey.run(correlationId);
      }
      if (count.processes > 0) countMove.run();
      return count;
    });
  };
}
