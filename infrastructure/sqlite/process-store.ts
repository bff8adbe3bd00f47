import type BetterSqlite3 from 'better-sqlite3';
import { fold, type ProcessState, type ProcessStore } from '../../domain/process/index.ts';
import { type EventRow, PROCESS_COLUMNS, type ProcessRow } from '../sql/columns.ts';
import { fromEventRow } from '../sql/event-row.ts';
import { fromProcessRow, toProcessRow } from '../sql/process-row.ts';
import type { GroupCommit } from './group-commit.ts';
import type { RecentStreams } from './recent-streams.ts';

/** process_store on SQLite: reading, folding and writing are one transaction. */
export function createSqliteProcessStore(options: {
  db: BetterSqlite3.Database;
  groupCommit: GroupCommit;
  list: ProcessStore['list'];
  countPending: ProcessStore['countPending'];
  findUnprojected: ProcessStore['findUnprojected'];
  /** The streams that run: they need not be read. */
  recent?: RecentStreams | undefined;
}): ProcessStore {
  const { db, groupCommit, list, countPending, findUnprojected, recent } = options;
  const select = db.prepare<[string], ProcessRow>(
    `SELECT ${PROCESS_COLUMNS.join(', ')} FROM process_store WHERE correlation_id = ?`,
  );
  const newer = db.prepare<[string, number], EventRow & { id: number }>(
    'SELECT * FROM event_log WHERE correlation_id = ? AND version > ? ORDER BY version',
  );
  const upsert = db.prepare(
    `INSERT INTO process_store (${PROCESS_COLUMNS.join(', ')})
     VALUES (${PROCESS_COLUMNS.map(() => '?').join(', ')})
     ON CONFLICT (correlation_id) DO UPDATE SET
       ${PROCESS_COLUMNS.slice(1)
         .map((name) => `${name} = excluded.${name}`)
         .join(', ')}
     WHERE process_store.version < excluded.version`,
  );

  function get(correlationId: string): ProcessState | null {
    const row = select.get(correlationId);
    return row ? fromProcessRow(row) : null;
  }

  function project(correlationId: string): ProcessState | null {
    const running = recent?.get(correlationId);
    if (running) return put(fold(running));
    const known = get(correlationId);
    const rows = newer.all(correlationId, known?.version ?? 0);
    if (rows.length === 0) return known;
    const events = rows.map((row) => fromEventRow(String(row.id), row));
    return put(fold(events, known));
  }

  function put(state: ProcessState | null): ProcessState | null {
    if (state) {
      const row = toProcessRow(state);
      upsert.run(PROCESS_COLUMNS.map((name) => row[name]));
    }
    return state;
  }

  return {
    get: async (correlationId) => get(correlationId),
    project: (correlationId) => groupCommit.write(() => project(correlationId)),
    projectMany: (correlationIds) =>
      groupCommit.write(() => correlationIds.map(project).filter((state) => state !== null)),
    countPending,
    findUnprojected,
    list,
  };
}
