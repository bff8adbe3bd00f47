import type BetterSqlite3 from 'better-sqlite3';
import {
  limitMessages,
  type NewRollups,
  type RollupState,
  type StepGroup,
} from '../../domain/rollups/index.ts';
import { lowestGone, NEXT_GENERATION } from '../sql/rollup-generations.ts';
import {
  mergedRow,
  ROLLUP_TABLES,
  type RollupRow,
  type RollupTable,
  rowDeltas,
} from '../sql/rollup-rows.ts';
import type { GroupCommit } from './group-commit.ts';

/** A batch blocks the event loop and all other writes. */
const BATCH_MS = 10;

/**
 * The rollups on SQLite: a batch is one write of the group commit, on the connection whose commits are not synced. A
 * power cut may undo the last batches, together with their position.
 */
export function createSqliteRollupStore(
  db: BetterSqlite3.Database,
  groupCommit: GroupCommit,
): NewRollups {
  const state = db.prepare<[], StateRow>(`${STATE} WHERE is_current = 1`);
  const making = db.prepare<[string], StateRow>(`${STATE} WHERE is_current = 0 AND made_by = ?`);
  const abandon = db.prepare('DELETE FROM rollup_state WHERE is_current = 0');
  const begin = db.prepare(
    `INSERT INTO rollup_state (generation, position, rolled_up_to, is_current, made_by, updated_at)
     VALUES (${NEXT_GENERATION}, 0, NULL, 0, ?, ?)`,
  );
  const compare = db.prepare<[number], { is_current: number; behind: number }>(
    `SELECT is_current, position < (SELECT position FROM rollup_state WHERE is_current = 1) AS behind
     FROM rollup_state WHERE generation = ?`,
  );
  const replace = db.prepare('DELETE FROM rollup_state WHERE is_current = 1');
  const makeCurrent = db.prepare('UPDATE rollup_state SET is_current = 1 WHERE generation = ?');
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
    batchMs: BATCH_MS,
    async state(): Promise<RollupState> {
      const row = state.get();
      if (!row) throw new Error('rollup_state has no row that is current');
      return toState(row);
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
    removeReplaced: (limit) =>
      groupCommit.write(() =>
        [...tables.values()].reduce((sum, { remove }) => sum + remove.run(limit).changes, 0),
      ),
    begin: (madeBy) =>
      groupCommit.write(() => {
        const known = making.get(madeBy);
        if (known) return { ...toState(known), resumed: true };
        abandon.run();
        begin.run(madeBy, new Date().toISOString());
        const row = making.get(madeBy);
        if (!row) throw new Error('rollup_state has no row that is made');
        return { ...toState(row), resumed: false };
      }),
    swap: (generation) =>
      groupCommit.write(() => {
        const row = compare.get(generation);
        if (!row) return 'gone';
        if (row.is_current === 1) return 'swapped';
        if (row.behind === 1) return 'behind';
        replace.run();
        makeCurrent.run(generation);
        return 'swapped';
      }),
  };
}

interface StateRow {
  generation: number;
  position: number;
  rolled_up_to: string | null;
}

const STATE = 'SELECT generation, position, rolled_up_to FROM rollup_state';

function toState({ generation, position, rolled_up_to: rolledUpTo }: StateRow): RollupState {
  return { generation, position: String(position), rolledUpTo };
}

type Value = string | number | null;

function prepare(db: BetterSqlite3.Database, { name, keys, columns }: RollupTable) {
  const where = ['generation', ...keys].map((key) => `${key} = ?`).join(' AND ');
  const all = ['generation', ...columns];
  return {
    remove: db.prepare<[number]>(
      `DELETE FROM ${name} WHERE rowid IN (SELECT rowid FROM ${name} WHERE generation = ${lowestGone(name)} LIMIT ?)`,
    ),
    find: db.prepare<Value[], RollupRow>(
      `SELECT event_count, timed_count, sum_ms, min_ms, max_ms, histogram FROM ${name} WHERE ${where}`,
    ),
    put: db.prepare<Value[]>(
      `INSERT OR REPLACE INTO ${name} (${all.join(', ')}) VALUES (${all.map(() => '?').join(', ')})`,
    ),
  };
}
