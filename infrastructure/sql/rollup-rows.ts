import {
  add,
  decodeHistogram,
  encodeHistogram,
  type Measures,
  type ProcessDelta,
  percentiles,
  type RollupBatch,
  type StepDelta,
} from '../../domain/rollups/index.ts';

/** The columns of a table of rollups besides `generation`. */
export interface RollupTable {
  name: 'step_rollup' | 'process_rollup';
  /** With `generation` its primary key, in this order. */
  keys: readonly string[];
  /** All columns, the keys first. */
  columns: readonly string[];
}

const STEP_KEYS = [
  'grain',
  'bucket_start',
  'process_name',
  'step_name',
  'target_system',
  'status',
  'error_key',
] as const;
const PROCESS_KEYS = ['grain', 'bucket_start', 'process_name', 'event_type'] as const;
const MEASURES = [
  'event_count',
  'timed_count',
  'sum_ms',
  'min_ms',
  'max_ms',
  'p50_ms',
  'p95_ms',
  'p99_ms',
  'histogram',
] as const;

export const STEP_ROLLUP: RollupTable = {
  name: 'step_rollup',
  keys: STEP_KEYS,
  columns: [...STEP_KEYS, 'error_message', ...MEASURES],
};
export const PROCESS_ROLLUP: RollupTable = {
  name: 'process_rollup',
  keys: PROCESS_KEYS,
  columns: [...PROCESS_KEYS, ...MEASURES],
};
export const ROLLUP_TABLES = [STEP_ROLLUP, PROCESS_ROLLUP] as const;

/** A row of either table; an integer of 64 bits may be a text. */
export type RollupRow = Record<string, string | number | null>;

/** What to add to one row: its keys and other fixed columns, and the measures. */
interface RowDelta {
  fixed: RollupRow;
  measures: Measures;
}

/** The deltas by table; those of the steps keep their order. */
export function rowDeltas(
  steps: readonly StepDelta[],
  processes: RollupBatch['processes'],
): [table: RollupTable, deltas: RowDelta[]][] {
  return [
    [STEP_ROLLUP, steps.map(stepDelta)],
    [PROCESS_ROLLUP, processes.map(processDelta)],
  ];
}

function stepDelta(delta: StepDelta): RowDelta {
  return {
    fixed: {
      grain: delta.grain,
      bucket_start: delta.bucketStart,
      process_name: delta.processName,
      step_name: delta.stepName,
      target_system: delta.targetSystem,
      status: delta.status,
      error_key: delta.errorKey,
      error_message: delta.errorMessage,
    },
    measures: delta.measures,
  };
}

function processDelta(delta: ProcessDelta): RowDelta {
  return {
    fixed: {
      grain: delta.grain,
      bucket_start: delta.bucketStart,
      process_name: delta.processName,
      event_type: delta.eventType,
    },
    measures: delta.measures,
  };
}

/** The row after the addition; `found` is the existing row, if any. */
export function mergedRow(found: RollupRow | undefined, { fixed, measures }: RowDelta): RollupRow {
  const all = found ? measuresOf(found) : measures;
  if (found) add(all, measures);
  const [p50, p95, p99] = percentiles(all.histogram, [0.5, 0.95, 0.99]).map((ms) =>
    // The middle of a bin may be outside of the values in it.
    ms === null ? null : Math.min(Math.max(Math.round(ms), all.minMs ?? 0), all.maxMs ?? ms),
  );
  return {
    ...fixed,
    event_count: all.eventCount,
    timed_count: all.timedCount,
    sum_ms: all.sumMs,
    min_ms: all.minMs,
    max_ms: all.maxMs,
    p50_ms: p50 ?? null,
    p95_ms: p95 ?? null,
    p99_ms: p99 ?? null,
    histogram: all.timedCount === 0 ? null : encodeHistogram(all.histogram),
  };
}

/** The measures in a row. */
export function measuresOf(row: RollupRow): Measures {
  const number = (value: string | number | null | undefined): number | null =>
    value === null || value === undefined ? null : Number(value);
  return {
    eventCount: Number(row.event_count),
    timedCount: Number(row.timed_count),
    sumMs: Number(row.sum_ms),
    minMs: number(row.min_ms),
    maxMs: number(row.max_ms),
    histogram: decodeHistogram(row.histogram === null ? null : String(row.histogram)),
  };
}

/** Names a row of a table within its generation. */
export function rowKey(table: RollupTable, row: RollupRow): string {
  return JSON.stringify(table.keys.map((name) => row[name]));
}
