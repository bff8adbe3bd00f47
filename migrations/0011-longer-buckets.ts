import type { Knex } from 'knex';
import {
  DAY_IN_MINUTES,
  limitMessages,
  type Measures,
  type ProcessDelta,
  processSums,
  type StepDelta,
  stepSums,
} from '../domain/rollups/index.ts';
import {
  measuresOf,
  mergedRow,
  ROLLUP_TABLES,
  type RollupRow,
  type RollupTable,
  rowDeltas,
} from '../infrastructure/sql/rollup-rows.ts';
import { dialectOf } from './dialect.ts';

/** Minutes of the new buckets, and of those that they are the sum of. */
const ADDED = [
  { from: 60, to: 360 },
  { from: DAY_IN_MINUTES, to: 30 * DAY_IN_MINUTES },
] as const;
const MINUTE_MS = 60_000;
/** Rows of one INSERT, with 18 parameters each of the 2,100 that SQL Server takes. */
const INSERTED = 100;

/**
 * Buckets of six hours and of 30 days, which make a day of a time zone and a year few rows, as the sums of shorter ones:
 * purged events are in these only. A day at a time, or 30 of them, so that no memory grows with the tables. A generation
 * that a rebuild has begun needs none: another release starts over.
 */
export async function up(knex: Knex): Promise<void> {
  const generation = knex('rollup_state').max('generation').where('is_current', 1);
  for (const table of ROLLUP_TABLES) {
    for (const { from, to } of ADDED) {
      const span = Math.max(to, DAY_IN_MINUTES) * MINUTE_MS;
      const rows = (): Knex.QueryBuilder =>
        knex(table.name).where({ grain: from }).whereIn('generation', generation);
      for (let after = 0; ; after += span) {
        const first = await rows()
          .where('bucket_start', '>=', timeOf(knex, after))
          .min({ start: 'bucket_start' })
          .first();
        if (!first?.start) break;
        after = Math.floor(Date.parse(isoOf(first.start)) / span) * span;
        const found: RollupRow[] = await rows()
          .where('bucket_start', '>=', timeOf(knex, after))
          .where('bucket_start', '<', timeOf(knex, after + span))
          // Of the messages of a day it is not known which was first: the frequent ones shall have rows of their own.
          .orderBy([{ column: 'bucket_start' }, { column: 'event_count', order: 'desc' }]);
        await insert(knex, table, Number(found[0]?.generation), sumsOf(table, to, found));
      }
    }
  }
  await knex('schema_version').insert({ version: 11 });
}

/** Removes them. */
export async function down(knex: Knex): Promise<void> {
  for (const { name } of ROLLUP_TABLES) {
    await knex(name)
      .whereIn(
        'grain',
        ADDED.map(({ to }) => to),
      )
      .delete();
  }
  await knex('schema_version').where({ version: 11 }).delete();
}

function sumsOf({ name }: RollupTable, grain: number, found: readonly RollupRow[]): RollupRow[] {
  const isSteps = name === 'step_rollup';
  const steps = isSteps ? stepSums(found.map(stepDelta), grain) : [];
  const processes = isSteps ? [] : processSums(found.map(processDelta), grain);
  return rowDeltas(
    limitMessages(steps, () => []),
    processes,
  ).flatMap(([, deltas]) => deltas.map((delta) => mergedRow(undefined, delta)));
}

async function insert(
  knex: Knex,
  table: RollupTable,
  generation: number,
  rows: readonly RollupRow[],
): Promise<void> {
  const values = rows.map((row) => ({
    generation,
    ...row,
    bucket_start: timeOf(knex, Date.parse(String(row.bucket_start))),
  }));
  await knex.batchInsert(table.name, values, INSERTED);
}

function stepDelta(row: RollupRow): StepDelta {
  const bucketStart = isoOf(row.bucket_start);
  return {
    ...common(row),
    stepName: String(row.step_name),
    targetSystem: String(row.target_system),
    status: row.status === 'error' ? 'error' : 'ok',
    errorKey: String(row.error_key),
    errorMessage: row.error_message === null ? null : String(row.error_message),
    day: `${bucketStart.slice(0, 10)}T00:00:00.000Z`,
  };
}

function processDelta(row: RollupRow): ProcessDelta {
  return { ...common(row), eventType: row.event_type as ProcessDelta['eventType'] };
}

function common(row: RollupRow): Omit<ProcessDelta, 'eventType'> & { measures: Measures } {
  return {
    grain: Number(row.grain),
    bucketStart: isoOf(row.bucket_start),
    processName: String(row.process_name),
    measures: measuresOf(row),
  };
}

/** SQL Server's driver gives a Date. */
function isoOf(time: unknown): string {
  return time instanceof Date ? time.toISOString() : String(time);
}

/** As a column of time has it: SQL Server's has no zone. */
function timeOf(knex: Knex, ms: number): string {
  const iso = new Date(ms).toISOString();
  return dialectOf(knex).kind === 'mssql' ? iso.replace('Z', '') : iso;
}
