import sql from 'mssql';
import {
  groupKey,
  limitMessages,
  type NewRollups,
  OTHER_KEY,
  type RollupBatch,
  type RollupState,
} from '../../domain/rollups/index.ts';
import {
  mergedRow,
  PROCESS_ROLLUP,
  type RollupRow,
  type RollupTable,
  rowDeltas,
  rowKey,
  STEP_ROLLUP,
} from '../sql/rollup-rows.ts';
import { isoTimes } from './connection.ts';
import { bulkOf, keysJson, readKeys, sameKeys } from './rollup-columns.ts';
import { BEGIN, REMOVE_REPLACED, SWAP } from './rollup-generations.ts';
import { inTransaction, rowsOf } from './statements.ts';

const STATE = 'SELECT generation, position, rolled_up_to FROM rollup_state WHERE is_current = 1';
const GROUP = ['grain', 'bucket_start', 'process_name', 'step_name', 'target_system'] as const;
const FOUND = 'r.event_count, r.timed_count, r.sum_ms, r.min_ms, r.max_ms, r.histogram';

const found = (table: RollupTable, variable: string): string =>
  `SELECT ${table.keys.map((name) => `r.${name}`).join(', ')}, ${FOUND} FROM ${variable} AS k
  JOIN ${table.name} AS r ON r.generation = @generation AND ${sameKeys('r', 'k', table.keys)};`;

/**
 * Moves the position, which keeps out other batches of this generation until the end of the transaction, and reads the
 * rows that the batch touches.
 */
const ADVANCE = `SET XACT_ABORT ON;
UPDATE rollup_state SET position = @to, rolled_up_to = @rolled_up_to, updated_at = SYSUTCDATETIME()
  WHERE generation = @generation AND position = @from;
SELECT @@ROWCOUNT AS moved;
${readKeys('@group', GROUP, '@groups')}
${readKeys('@step', STEP_ROLLUP.keys, '@steps')}
${readKeys('@process', PROCESS_ROLLUP.keys, '@processes')}
SELECT ${GROUP.map((name) => `r.${name}`).join(', ')}, r.error_key FROM @group AS k
  JOIN step_rollup AS r ON r.generation = @generation AND ${sameKeys('r', 'k', GROUP)} AND r.status = 'error';
${found(STEP_ROLLUP, '@step')}
${found(PROCESS_ROLLUP, '@process')}`;

/** Rows are replaced: a bulk load cannot update, and histograms are too long for JSON on some servers. */
const remove = (table: RollupTable): string => `${readKeys('@row', table.keys, '@rows')}
DELETE r FROM ${table.name} AS r JOIN @row AS k
  ON ${sameKeys('r', 'k', table.keys)} WHERE r.generation = @generation;`;

/**
 * Only readers of the rollups on a server without snapshots wait for a batch. Its round trips take the same time for one
 * event as for hundreds: where they are slow, a shorter time would only make the batches smaller and smaller.
 */
const BATCH_MS = 250;

/** The rollups on SQL Server: a batch is one transaction of six round trips at most. */
export function createMssqlRollupStore(pool: sql.ConnectionPool): NewRollups {
  async function applyWithin(tx: sql.Transaction, batch: RollupBatch): Promise<boolean> {
    const { generation, from, to, rolledUpTo, steps, processes } = batch;
    const wanted = new Map(rowDeltas(steps, processes));
    // Each once: an error has several deltas in a bucket of several days.
    const rows = (table: RollupTable): RollupRow[] => {
      const fixed = (wanted.get(table) ?? []).map((delta) => delta.fixed);
      return [...new Map(fixed.map((row) => [rowKey(table, row), row])).values()];
    };
    const failed = rows(STEP_ROLLUP).filter((row) => row.status === 'error');
    const groups = [...new Map(failed.map((row) => [rowGroup(row), row])).values()];
    const others = groups.map((row) => ({ ...row, error_key: OTHER_KEY }));
    const stepRows = [...rows(STEP_ROLLUP), ...others];
    const { recordsets } = await tx
      .request()
      .input('generation', sql.Int, generation)
      .input('from', sql.BigInt, from)
      .input('to', sql.BigInt, to)
      .input('rolled_up_to', sql.DateTime2(3), rolledUpTo === null ? null : new Date(rolledUpTo))
      .input('groups', sql.NVarChar(sql.MAX), keysJson(groups, GROUP))
      .input('steps', sql.NVarChar(sql.MAX), keysJson(stepRows, STEP_ROLLUP.keys))
      .input(
        'processes',
        sql.NVarChar(sql.MAX),
        keysJson(rows(PROCESS_ROLLUP), PROCESS_ROLLUP.keys),
      )
      .query(ADVANCE);
    const [moved, known, ...before] = recordsets as unknown as RollupRow[][];
    if (moved?.[0]?.moved !== 1) return false;
    const keys = new Map<string, string[]>();
    for (const row of (known ?? []).map(isoTimes)) {
      const group = rowGroup(row);
      keys.set(group, [...(keys.get(group) ?? []), String(row.error_key)]);
    }
    const limited = limitMessages(steps, (group) => keys.get(groupKey(group)) ?? []);
    for (const [at, [table, deltas]] of rowDeltas(limited, processes).entries()) {
      const there = new Map(
        (before[at] ?? []).map(isoTimes).map((row) => [rowKey(table, row), row]),
      );
      const merged = deltas.map((delta) => mergedRow(there.get(rowKey(table, delta.fixed)), delta));
      await replace(tx, table, generation, merged, there.size > 0);
    }
    return true;
  }

  async function replace(
    tx: sql.Transaction,
    table: RollupTable,
    generation: number,
    rows: readonly RollupRow[],
    some: boolean,
  ): Promise<void> {
    if (rows.length === 0) return;
    if (some) {
      await tx
        .request()
        .input('generation', sql.Int, generation)
        .input('rows', sql.NVarChar(sql.MAX), keysJson(rows, table.keys))
        .query(remove(table));
    }
    await tx.request().bulk(bulkOf(table, generation, rows), { checkConstraints: true });
  }

  return {
    batchMs: BATCH_MS,
    async state() {
      const [row] = await rowsOf<StateRow>(pool.request(), STATE);
      if (!row) throw new Error('rollup_state has no row that is current');
      return toState(row);
    },
    async begin(madeBy) {
      const request = pool.request().input('made_by', sql.VarChar(255), madeBy);
      const [row] = await rowsOf<StateRow & { resumed: number }>(request, BEGIN);
      if (!row) throw new Error('rollup_state has no row that is made');
      return { ...toState(row), resumed: row.resumed === 1 };
    },
    async swap(generation) {
      const [row] = await rowsOf<{ outcome: 'swapped' | 'behind' | 'gone' }>(
        pool.request().input('generation', sql.Int, generation),
        SWAP,
      );
      return row?.outcome ?? 'gone';
    },
    async removeReplaced(limit) {
      const request = pool.request().input('limit', sql.Int, limit);
      const [row] = await rowsOf<{ removed: number }>(request, REMOVE_REPLACED);
      return row?.removed ?? 0;
    },
    // A batch that was committed and lost its answer finds the position moved, and is not added twice.
    apply: (batch) => inTransaction(pool, (tx) => applyWithin(tx, batch)),
  };
}

interface StateRow {
  generation: number;
  position: string;
  rolled_up_to: Date | null;
}

function toState(row: StateRow): RollupState {
  const { generation, position, rolled_up_to: upTo } = row;
  return { generation, position: String(position), rolledUpTo: upTo?.toISOString() ?? null };
}

/** The group of a row, in the form of `groupKey`. */
function rowGroup(row: RollupRow): string {
  return JSON.stringify(GROUP.map((name) => row[name]));
}
