import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { expect } from 'vitest';
import {
  addValue,
  decodeHistogram,
  encodeHistogram,
  type Histogram,
  percentiles,
} from '../../domain/rollups/histogram.ts';
import { type RollupTotals, rollupEvents } from '../../domain/rollups/rollup-events.ts';
import type { Database } from '../../infrastructure/sql/database.ts';

/**
 * Runs the job up to the head. Servers that speak T-SQL without being SQL Server may refuse a bulk load when one of its
 * packets ends at a certain byte: then the job runs again with other batches, as it does on its schedule.
 */
export async function rollUp(database: Database, batch = 50): Promise<RollupTotals> {
  const { rollups: store, rollupSource: source } = database;
  for (let runs = 1; ; runs++) {
    try {
      return await rollupEvents({ source, store }, { batch }, new AbortController().signal);
    } catch (error) {
      if (runs === 3 || !String(error).includes('BulkLoadBCP')) throw error;
    }
  }
}

/** The expected values of a row. */
export interface Expected {
  event_count: number;
  timed_count: number;
  sum_ms: number;
  min_ms: number | null;
  max_ms: number | null;
  histogram: Record<string, number>;
}

type Row = Record<string, string | number | Date | null>;
const MONTH = 43_200;
const FINAL = ['process-completed', 'process-failed', 'process-cancelled'];
const OF_PROCESS = ['process-requested', 'process-retried', ...FINAL];

/**
 * The expected rows for the events of the database, computed one event after the other; of the tested code only the bins
 * of the histogram are used.
 *
 * @param messagesMax how many different messages a step may have in a bucket; later ones are counted together
 */
export async function expectedRows({ knex }: Database, messagesMax = 100) {
  const columns = [
    ...['id', 'correlation_id', 'version', 'event_type', 'process_name', 'step_name'],
    ...['target_system', 'error_message', 'execution_time', 'created_at'],
  ];
  const both = await Promise.all(
    ['event_log', 'event_log_archive'].map((table) => knex(table).select(columns)),
  );
  const positions = await positionsOf(knex);
  const events = (both.flat() as Row[]).sort(
    (a, b) => (positions.get(String(a.id)) ?? 0) - (positions.get(String(b.id)) ?? 0),
  );
  const began = new Map<unknown, number>();
  for (const row of events) if (row.version === 1) began.set(row.correlation_id, ms(row));
  const rows = new Map<string, Expected>();
  const messages = new Map<string, Set<string>>();
  for (const row of events) {
    const type = String(row.event_type);
    if (type === 'step-completed' || type === 'step-failed') {
      for (const grain of [15, 60, 360, 1440, MONTH]) {
        const bucket = start(ms(row), grain);
        const group = [bucket, row.process_name, row.step_name, row.target_system ?? ''];
        let key = '';
        if (type === 'step-failed') {
          const message = [...String(row.error_message ?? '')].slice(0, 300).join('');
          key = createHash('sha256').update(message).digest('hex').slice(0, 32);
          const name = JSON.stringify([grain, ...group]);
          const seen = messages.get(name) ?? new Set();
          messages.set(name, seen);
          if (seen.size < messagesAt(ms(row), grain, messagesMax)) seen.add(key);
          if (!seen.has(key)) key = 'other';
        }
        const status = type === 'step-failed' ? 'error' : 'ok';
        const took = row.execution_time === null ? null : Number(row.execution_time);
        add(rows, ['step', grain, ...group, status, key], took);
      }
    } else if (OF_PROCESS.includes(type)) {
      const took = FINAL.includes(type) ? ms(row) - Number(began.get(row.correlation_id)) : null;
      for (const grain of [1, 15, 60, 360, 1440, MONTH]) {
        add(rows, ['process', grain, start(ms(row), grain), row.process_name, type], took);
      }
    }
  }
  return rows;
}

/** A bucket of 30 days has half as many messages: half of these from its first day on, and all on its last. */
function messagesAt(time: number, grain: number, most: number): number {
  if (grain < MONTH) return most;
  const day = Math.floor(time / 86_400_000) % 30;
  return Math.floor(((most / 2) * (29 + day)) / 58);
}

/** Feed positions by event id. */
async function positionsOf(knex: Database['knex']): Promise<Map<string, number>> {
  if (!(await knex.schema.hasTable('event_position'))) {
    const ids = await Promise.all(
      ['event_log', 'event_log_archive'].map((table) => knex(table).pluck('id')),
    );
    return new Map(ids.flat().map((id) => [String(id), Number(id)]));
  }
  const rows = await knex('event_position').select('position', 'event_id');
  return new Map(rows.map((row) => [String(row.event_id), Number(row.position)]));
}

/** The rows of the current generation. */
export async function foundRows({ knex }: Database): Promise<Map<string, Expected>> {
  const generation = knex('rollup_state').select('generation').where('is_current', 1);
  const rows = new Map<string, Expected>();
  for (const [table, names] of [
    ['step', ['process_name', 'step_name', 'target_system', 'status', 'error_key']],
    ['process', ['process_name', 'event_type']],
  ] as const) {
    const found = await knex(`${table}_rollup`).whereIn('generation', generation);
    for (const row of found as Row[]) {
      const bucket = new Date(row.bucket_start as string).toISOString();
      const key = JSON.stringify([table, row.grain, bucket, ...names.map((name) => row[name])]);
      const histogram = decodeHistogram(row.histogram as string | null);
      rows.set(key, {
        event_count: Number(row.event_count),
        timed_count: Number(row.timed_count),
        sum_ms: Number(row.sum_ms),
        min_ms: row.min_ms === null ? null : Number(row.min_ms),
        max_ms: row.max_ms === null ? null : Number(row.max_ms),
        histogram: Object.fromEntries(histogram),
      });
    }
  }
  return rows;
}

/** Expects that the rows match the events exactly; no row is missing and none is extra. */
export async function expectExact(database: Database, messagesMax?: number): Promise<void> {
  const sorted = (rows: Map<string, Expected>) => [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
  const expected = sorted(await expectedRows(database, messagesMax));
  expect(sorted(await foundRows(database))).toEqual(expected);
}

function add(rows: Map<string, Expected>, keys: unknown[], took: number | null): void {
  const key = JSON.stringify(keys);
  const row = rows.get(key) ?? {
    ...{ event_count: 0, timed_count: 0, sum_ms: 0, min_ms: null, max_ms: null },
    histogram: {},
  };
  rows.set(key, row);
  row.event_count++;
  if (took === null) return;
  row.timed_count++;
  row.sum_ms += took;
  row.min_ms = Math.min(row.min_ms ?? took, took);
  row.max_ms = Math.max(row.max_ms ?? took, took);
  const histogram: Histogram = new Map(
    Object.entries(row.histogram).map(([bin, count]) => [Number(bin), count]),
  );
  addValue(histogram, took);
  row.histogram = Object.fromEntries(histogram);
}

function ms(row: Row): number {
  return new Date(row.created_at as string | Date).getTime();
}

function start(time: number, grain: number): string {
  return new Date(time - (time % (grain * 60_000))).toISOString();
}

/** Expects that only the current generation has rows. */
export async function expectOneGeneration({ knex }: Database): Promise<void> {
  const [state, ...others] = await knex('rollup_state').select('generation', 'is_current');
  expect(others).toEqual([]);
  expect(state.is_current).toBe(1);
  for (const table of ['step_rollup', 'process_rollup']) {
    const found = await knex(table).distinct('generation');
    expect(found, table).toEqual([{ generation: state.generation }]);
  }
}

/** A row of step_rollup, written as the rollup job would. */
export interface StepRollup {
  grain: number;
  /** ISO 8601 in UTC. */
  bucket: string;
  processName?: string;
  stepName?: string;
  targetSystem?: string;
  /** The error message; without one the row counts successes. */
  error?: string;
  count: number;
  /** The durations; without them no step was timed. */
  ms?: readonly number[];
  generation?: number;
}

/** Writes rows of step_rollup. */
export async function insertStepRollups(knex: Knex, rows: readonly StepRollup[]): Promise<void> {
  for (const row of rows) {
    await knex('step_rollup').insert({
      generation: row.generation ?? 1,
      grain: row.grain,
      bucket_start: storedTime(knex, row.bucket),
      process_name: row.processName ?? 'onboard-user',
      step_name: row.stepName ?? 'run-background-check',
      target_system: row.targetSystem ?? '',
      status: row.error === undefined ? 'ok' : 'error',
      error_key: row.error === undefined ? '' : `key of ${row.error}`.slice(0, 32),
      error_message: row.error ?? null,
      event_count: row.count,
      ...timesOf(row.ms ?? []),
    });
  }
}

/** A row of process_rollup, written as the rollup job would. */
export interface ProcessRollup {
  grain: number;
  bucket: string;
  processName: string;
  eventType: string;
  ms: readonly number[];
  generation?: number;
}

/** Writes rows of process_rollup. */
export async function insertProcessRollups(
  knex: Knex,
  rows: readonly ProcessRollup[],
): Promise<void> {
  for (const { generation = 1, grain, bucket, processName, eventType, ms } of rows) {
    await knex('process_rollup').insert({
      generation,
      grain,
      bucket_start: storedTime(knex, bucket),
      process_name: processName,
      event_type: eventType,
      event_count: ms.length,
      ...timesOf(ms),
    });
  }
}

/** A time in the form of a column of this database. */
export function storedTime(knex: Knex, time: string): string {
  return knex.client.dialect === 'mssql' ? time.replace('Z', '') : time;
}

function timesOf(ms: readonly number[]) {
  const histogram: Histogram = new Map();
  for (const value of ms) addValue(histogram, value);
  const [p50 = null, p95 = null, p99 = null] = percentiles(histogram, [0.5, 0.95, 0.99]);
  const whole = (value: number | null) => (value === null ? null : Math.round(value));
  return {
    timed_count: ms.length,
    sum_ms: ms.reduce((sum, value) => sum + value, 0),
    min_ms: ms.length > 0 ? Math.min(...ms) : null,
    max_ms: ms.length > 0 ? Math.max(...ms) : null,
    p50_ms: whole(p50),
    p95_ms: whole(p95),
    p99_ms: whole(p99),
    histogram: ms.length > 0 ? encodeHistogram(histogram) : null,
  };
}
