import type BetterSqlite3 from 'better-sqlite3';
import type { RollupState, RollupStore } from '../../../domain/ports/rollups.ts';
import type { StepGroup } from '../../../domain/rollup.ts';
import { limitMessages } from '../../../domain/rollup-messages.ts';
import {
  mergedRow,
  ROLLUP_TABLES,
  type RollupRow,
  type RollupTable,
  rowDeltas,
} from '../rollup/rows.ts';
import type { GroupCommit } from './group-commit.ts';

/**
 * The rollups on SQLite: a batch is one write of the group commit, on the connection whose commits are not
 * synced. A power cut may take the last batches, their checkpoint with them.
 */
export function createSqliteRollupStore(
  db: BetterSqlite3.Database,
  groupCommit: GroupCommit,
): RollupStore {
  const state = db.prepare<[], { generation: number; position: number; rolled_up_to: string }>(
    'SELECT generation, position, rolled_up_to FROM rollup_state WHERE is_current = 1',
  );
  const advance = db.prepare(
    `UPDATE rollup_state SET position = @to, rolled_up_to = @rolledUpTo, updated_at = @now
     WHERE generation = @generation AND position = @from`,
  );
  const messages = db
    .prepare<(string | number)[], string>(
      `SELECT error_key FROM step_rollup WHERE generation = ? AND grain = ? AND bucket_start = ?
         AND process_name = ? AND step_name = ? AND target_system = ? AND status = 'error'`,
    )
    .pluck();
  const tables = new Map(ROLLUP_TABLES.map((table) => [table, prepare(db, table)]));

  return {
    async state(): Promise<RollupState> {
      const row = state.get();
      if (!row) throw new Error('rollup_state has no row that is current');
      const { generation, position, rolled_up_to: rolledUpTo } = row;
      return { generation, position: String(position), rolledUpTo };
    },
    apply: ({ generation, from, to, rolledUpTo, steps, processes }) =>
      groupCommit.write(() => {
        const now = new Date().toISOString();
        const at = { generation, from: Number(from), to: Number(to) };
        if (advance.run({ ...at, rolledUpTo, now }).changes === 0) return false;
        const known = (group: StepGroup): string[] => {
          const { grain, bucketStart, processName, stepName, targetSystem } = group;
          return messages.all(generation, grain, bucketStart, processName, stepName, targetSystem);
        };
        for (const [table, deltas] of rowDeltas(limitMessages(steps, known), processes)) {
          const { find, put } = tables.get(table) ?? prepare(db, table);
          for (const delta of deltas) {
            const keys = table.keys.map((name) => delta.fixed[name] ?? null);
            const row = mergedRow(find.get(generation, ...keys), delta);
            put.run(generation, ...table.columns.map((name) => row[name] ?? null));
          }
        }
        return true;
      }),
  };
}

type Value = string | number | null;

function prepare(db: BetterSqlite3.Database, { name, keys, columns }: RollupTable) {
  const where = ['generation', ...keys].map((key) => `${key} = ?`).join(' AND ');
  const all = ['generation', ...columns];
  return {
    find: db.prepare<Value[], RollupRow>(
      `SELECT event_count, timed_count, sum_ms, min_ms, max_ms, histogram FROM ${name} WHERE ${where}`,
    ),
    put: db.prepare<Value[]>(
      `INSERT OR REPLACE INTO ${name} (${all.join(', ')}) VALUES (${all.map(() => '?').join(', ')})`,
    ),
  };
}
