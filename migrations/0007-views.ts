import type { Knex } from 'knex';
import { dialectOf } from './dialect.ts';
import { processDurations, processTimeline } from './process-views.ts';
import { type Words, wordsOf } from './view-words.ts';

/** The views, in the order they are made. */
const VIEWS = ['v_process_timeline', 'v_process_durations', 'v_step_stats_hourly', 'v_error_top'];

/**
 * Views for readers of the database in SQL (docs/sql.md): names, order and types of their columns are the same on both
 * databases, and stay. They are not bound to the tables by the schema, because a rebuild swaps those of processes.
 *
 * And an index of the failed attempts, which are few: the search for steps that are tried again need not read every
 * event of every pending process.
 */
export async function up(knex: Knex): Promise<void> {
  const words = wordsOf(knex);
  const selects = [
    ...[processTimeline(words, 7), processDurations(words, 7)],
    ...[stepStats(words), errors(words)],
  ];
  for (const [at, name] of VIEWS.entries()) {
    await knex.schema.raw(`CREATE VIEW ${name} AS\n${selects[at]}`);
  }
  await knex.schema.raw(
    "CREATE INDEX idx_step_failed ON event_log (correlation_id, version) WHERE event_type = 'step-failed'",
  );
  await knex('schema_version').insert({ version: 7 });
}

/** Drops them; they have no data. On SQL Server the grants on them are dropped, too. */
export async function down(knex: Knex): Promise<void> {
  const onTable = dialectOf(knex).kind === 'mssql' ? ' ON event_log' : '';
  await knex.schema.raw(`DROP INDEX idx_step_failed${onTable}`);
  for (const name of VIEWS) await knex.schema.raw(`DROP VIEW ${name}`);
  await knex('schema_version').where({ version: 7 }).delete();
}

/** The generation of the rollups that is read. */
const CURRENT = '(SELECT MAX(s.generation) FROM rollup_state AS s WHERE s.is_current = 1)';

/** Per hour, process, step and target system; times of the successful ones. */
function stepStats({ optional, float }: Words): string {
  const of = (status: string, column: string): string =>
    `CASE WHEN r.status = '${status}' THEN r.${column} END`;
  const sum = (status: string, column: string): string => `COALESCE(SUM(${of(status, column)}), 0)`;
  // There is one row of success.
  const one = (column: string): string => `MAX(${of('ok', column)}) AS ${column}`;
  return `SELECT
  r.bucket_start AS hour, r.process_name, r.step_name, ${optional('r.target_system')} AS target_system,
  ${sum('ok', 'event_count')} AS ok_count,
  ${sum('error', 'event_count')} AS error_count,
  CAST(${sum('error', 'event_count')} AS ${float}) / NULLIF(SUM(r.event_count), 0) AS error_rate,
  CAST(SUM(${of('ok', 'sum_ms')}) AS ${float}) / NULLIF(${sum('ok', 'timed_count')}, 0) AS avg_ms,
  ${['min_ms', 'max_ms', 'p50_ms', 'p95_ms', 'p99_ms'].map(one).join(', ')}
FROM step_rollup AS r
WHERE r.generation = ${CURRENT} AND r.grain = 60
GROUP BY r.bucket_start, r.process_name, r.step_name, r.target_system`;
}

/** Per day, process, step, target system and error message. */
function errors({ day, optional }: Words): string {
  return `SELECT
  ${day('r.bucket_start')} AS day, r.process_name, r.step_name, ${optional('r.target_system')} AS target_system,
  r.error_message, r.event_count AS error_count
FROM step_rollup AS r
WHERE r.generation = ${CURRENT} AND r.grain = 1440 AND r.status = 'error'`;
}
