import type BetterSqlite3 from 'better-sqlite3';
import { PARTITIONS, type Partition } from '../../domain/archive/index.ts';
import type { IdentifierIndex } from '../../domain/identifiers/index.ts';
import {
  type CollectedProcesses,
  planRepair,
  type Verification,
} from '../../domain/projection/index.ts';
import { PROCESS_COLUMNS } from '../sql/columns.ts';
import { toProcessRow } from '../sql/process-row.ts';
import { TABLES } from '../sql/process-tables.ts';
import type { GroupCommit } from './group-commit.ts';
import { insertIdentifiers, overwriting } from './identifiers.ts';

/** `repair` on SQLite: it reads and writes in one transaction. */
export function createRepair(
  db: BetterSqlite3.Database,
  groupCommit: GroupCommit,
  identifierIndex: IdentifierIndex,
  read: (correlationId: string) => CollectedProcesses,
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

  const identifiersOf = (partition: Partition) => {
    const table = TABLES[partition].identifiers;
    const OF = `DELETE FROM ${table} WHERE correlation_id = ?`;
    return {
      insert: insertIdentifiers(db, table),
      remove: db.prepare(OF),
      removeClear: db.prepare(`${OF} AND is_hashed = 0`),
    };
  };
  const identifiers = { live: identifiersOf('live'), archived: identifiersOf('archived') };

  return async (id) => {
    const indexed = await identifierIndex.rowsOf(read(id).sources());
    return groupCommit.write(() => {
      const collected = read(id);
      collected.expectIdentifiers(indexed);
      const plan = planRepair(collected.partsOf(id));
      if (plan.kind === 'none') return { done: plan.done, message: plan.message };
      if (plan.kind === 'remove-rows' || plan.partition === 'archived') removeLive.run(id);
      if (plan.kind === 'remove-rows' || plan.partition === 'live') removeArchived.run(id);
      const kept = plan.kind === 'write' && plan.identifiers.isLocked ? plan.partition : null;
      overwriting(db, () => {
        for (const partition of PARTITIONS) {
          const { remove, removeClear } = identifiers[partition];
          (partition === kept ? removeClear : remove).run(id);
        }
      });
      if (plan.kind === 'write') {
        const { partition, state, archivedAt } = plan;
        const row = toProcessRow(state);
        const values = PROCESS_COLUMNS.map((name) => row[name]);
        if (partition === 'live') writeLive.run(values);
        else writeArchived.run([...values, archivedAt]);
        identifiers[partition].insert(plan.identifiers.rows);
      }
      return { done: true, message: plan.message };
    });
  };
}
