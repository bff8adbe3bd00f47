import type BetterSqlite3 from 'better-sqlite3';
import { type ProcessParts, planRepair, type Verification } from '../../domain/projection/index.ts';
import { PROCESS_COLUMNS } from '../sql/columns.ts';
import { toProcessRow } from '../sql/process-row.ts';
import type { GroupCommit } from './group-commit.ts';

/** `repair` on SQLite: it reads and writes in one transaction. */
export function createRepair(
  db: BetterSqlite3.Database,
  groupCommit: GroupCommit,
  readParts: (correlationId: string) => ProcessParts,
): Verification['repair'] {
  const names = PROCESS_COLUMNS.join(', ');
  const set = PROCESS_COLUMNS.slice(1)
    .map((name) => `${name} = excluded.${name}`)
    .join(', ');
  const writeLive = db.prepare(
    `INSERT INTO process_store (${names}) VALUES (${PROCESS_COLUMNS.map(() => '?').join(', ')})
     ON CONFLICT (correlation_id) DO UPDATE SET ${set}`,
  );
  const writeArchived = db.prepare(
    `INSERT INTO process_store_archive (${names}, archived_at)
     VALUES (${PROCESS_COLUMNS.map(() => '?').join(', ')}, ?)
     ON CONFLICT (correlation_id) DO UPDATE SET ${set}, archived_at = excluded.archived_at`,
  );
  const removeLive = db.prepare('DELETE FROM process_store WHERE correlation_id = ?');
  const removeArchived = db.prepare('DELETE FROM process_store_archive WHERE correlation_id = ?');

  return (id) =>
    groupCommit.write(() => {
      const plan = planRepair(readParts(id));
      if (plan.kind === 'none') return { done: plan.done, message: plan.message };
      if (plan.kind === 'remove-rows' || plan.partition === 'archived') removeLive.run(id);
      if (plan.kind === 'remove-rows' || plan.partition === 'live') removeArchived.run(id);
      if (plan.kind === 'write') {
        const { partition, state, archivedAt } = plan;
        const row = toProcessRow(state);
        const values = PROCESS_COLUMNS.map((name) => row[name]);
        if (partition === 'live') writeLive.run(values);
        else writeArchived.run([...values, archivedAt]);
      }
      return { done: true, message: plan.message };
    });
}
