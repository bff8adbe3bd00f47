import type { Knex } from 'knex';
import {
  addValue,
  encodeHistogram,
  type Histogram,
  percentiles,
} from '../../domain/rollups/histogram.ts';

/** A row of step_rollup, written as the rollup job would. */
export interface StepRollup {
  grain: number;
  /** ISO 8601 in UTC. */
  bucket: string;
  processName?: string;
  stepName?: string;
  targetSystem?: string;
  /** Left out: of success. */
  error?: string;
  count: number;
  /** Left out: nothing was timed. */
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

/** A time for a column of either database. */
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
