import type { Knex } from 'knex';
import { dialectOf } from './dialect.ts';

/** The views, in the order they are made. */
const VIEWS = ['v_process_timeline', 'v_process_durations', 'v_step_stats_hourly', 'v_error_top'];

/**
 * Views for who reads the database in SQL (docs/sql.md): names, order and types of their columns are the same on
 * both databases, and stay. None is bound to its tables by the schema, for a rebuild exchanges those of processes.
 *
 * And an index of the failed attempts, which are few: whoever looks for steps that are being tried again need not
 * read every event of every pending process.
 */
export async function up(knex: Knex): Promise<void> {
  const words = dialectOf(knex).kind === 'mssql' ? mssql : sqlite;
  const selects = [timeline(words), durations(words), stepStats(words), errors(words)];
  for (const [at, name] of VIEWS.entries()) {
    await knex.schema.raw(`CREATE VIEW ${name} AS\n${selects[at]}`);
  }
  await knex.schema.raw(
    "CREATE INDEX idx_step_failed ON event_log (correlation_id, version) WHERE event_type = 'step-failed'",
  );
  await knex('schema_version').insert({ version: 7 });
}

/** Drops them; they hold nothing. On SQL Server the grants on them go, too. */
export async function down(knex: Knex): Promise<void> {
  const onTable = dialectOf(knex).kind === 'mssql' ? ' ON event_log' : '';
  await knex.schema.raw(`DROP INDEX idx_step_failed${onTable}`);
  for (const name of VIEWS) await knex.schema.raw(`DROP VIEW ${name}`);
  await knex('schema_version').where({ version: 7 }).delete();
}

/** The expressions in which the databases differ. */
interface Words {
  /** A text in a column of JSON. */
  text(column: string, path: string): string;
  /** A whole number in a column of JSON. */
  integer(column: string, path: string): string;
  /** Milliseconds from one time to another. */
  between(from: string, to: string): string;
  /** Of a time. */
  day(column: string): string;
  noTime: string;
  /** A key of the rollups, where '' stands for none. */
  optional(column: string): string;
  float: string;
}

const sqlite: Words = {
  text: (column, path) => `CAST(json_extract(${column}, '${path}') AS TEXT)`,
  integer: (column, path) => `CAST(json_extract(${column}, '${path}') AS INTEGER)`,
  between: (from, to) =>
    `CAST(ROUND((julianday(${to}) - julianday(${from})) * 86400000) AS INTEGER)`,
  day: (column) => `CAST(substr(${column}, 1, 10) AS TEXT)`,
  noTime: 'CAST(NULL AS TEXT)',
  optional: (column) => `CAST(NULLIF(${column}, '') AS TEXT)`,
  float: 'REAL',
};

const mssql: Words = {
  text: (column, path) => `JSON_VALUE(${column}, '${path}')`,
  // A number too large for its column is left out rather than ending the whole query.
  integer: (column, path) => `TRY_CAST(JSON_VALUE(${column}, '${path}') AS BIGINT)`,
  between: (from, to) => `DATEDIFF_BIG(MILLISECOND, ${from}, ${to})`,
  day: (column) => `CAST(${column} AS DATE)`,
  noTime: 'CAST(NULL AS DATETIME2(3))',
  optional: (column) => `NULLIF(${column}, '')`,
  float: 'FLOAT',
};

/**
 * Every event. The one before and the first are looked up by the key of the stream: a window function would read
 * all streams for a query that is not by stream. A process is wholly in one of the two places, so its events never
 * have to be looked for in the other.
 */
function timeline({ text, integer, between, noTime }: Words): string {
  const arm = (events: string, processes: string, archivedAt: string): string => `SELECT
  e.correlation_id, e.version, e.id AS event_id, e.event_type, e.process_name, e.step_name, e.step, e.status,
  ${integer('e.metadata', '$.attempt')} AS attempt,
  e.created_at,
  ${between('earlier.created_at', 'e.created_at')} AS ms_since_previous,
  ${between('opening.created_at', 'e.created_at')} AS ms_since_start,
  e.execution_time, e.http_method, e.endpoint, e.http_status_code, e.target_system,
  e.error_message,
  ${text('e.metadata', '$.kind')} AS error_kind,
  ${text('e.metadata', '$.code')} AS error_code,
  ${integer('e.metadata', '$.retriesLeft')} AS retries_left,
  ${integer('e.metadata', '$.retryIn')} AS retry_in_ms,
  ${text('e.metadata', '$.taskId')} AS task_id,
  ${text('e.metadata', '$.processInstanceId')} AS process_instance_id,
  e.batch_id, e.traceability_id, e.application_id, e.originating_system,
  e.identifiers, e.request_data, e.response_data, e.result, e.metadata,
  p.status AS process_status, p.started_at AS process_started_at, p.completed_at AS process_completed_at,
  ${archivedAt} AS archived_at
FROM ${events} AS e
LEFT JOIN ${events} AS earlier ON earlier.correlation_id = e.correlation_id AND earlier.version = e.version - 1
LEFT JOIN ${events} AS opening ON opening.correlation_id = e.correlation_id AND opening.version = 1
LEFT JOIN ${processes} AS p ON p.correlation_id = e.correlation_id`;
  return [
    arm('event_log', 'process_store', noTime),
    arm('event_log_archive', 'process_store_archive', 'e.archived_at'),
  ].join('\nUNION ALL\n');
}

/** Every process. */
function durations({ text, between, noTime }: Words): string {
  const arm = (table: string, restoredAt: string, archivedAt: string): string => `SELECT
  p.correlation_id, p.process_name, p.status, p.current_step, p.process_instance_id,
  p.started_at, p.updated_at, p.completed_at,
  ${between('p.started_at', 'p.completed_at')} AS duration_ms,
  p.version AS event_count,
  ${text('p.error', '$.kind')} AS error_kind,
  ${text('p.error', '$.code')} AS error_code,
  ${text('p.error', '$.step')} AS error_step,
  ${restoredAt} AS restored_at, ${archivedAt} AS archived_at
FROM ${table} AS p`;
  return [
    arm('process_store', 'p.restored_at', noTime),
    arm('process_store_archive', noTime, 'p.archived_at'),
  ].join('\nUNION ALL\n');
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
