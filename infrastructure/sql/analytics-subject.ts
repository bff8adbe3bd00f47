import type { Knex } from 'knex';
import type { Piece } from './analytics-ranges.ts';
import { decodeName } from './process-name.ts';
import type { ReadQueries } from './read-queries.ts';

/** Code units of an error message that are read: the code points that are kept cannot have more. */
export const MESSAGE_BEGINNING = 600;

/** The expressions in which the databases differ here. */
export interface AnalyticsDialect {
  /** Milliseconds from one time column to another, as an expression. */
  msBetween(from: string, to: string): string;
  /** The beginning of an error message, more than is kept of it; texts that differ in any letter differ. */
  message(column: string): string;
  /**
   * The pieces in a parameter that is a JSON list, as a table: `slice`, `minutes` of its buckets, and `since` and
   * `until`, written by `time`.
   */
  pieces: string;
  time(iso: string): string;
  /** The end of a statement, so that it seeks for one piece after the other. */
  seekEach: string;
}

/** What a question is about, as queries. */
export interface Subject {
  /** Minutes of the buckets that its rollup has, the longest first. */
  grains: readonly number[];
  /** The columns of its groups: `key0`, `key1` and so on. */
  keys: readonly string[];
  /** The values of these columns in a row of a rollup. */
  keysOf(row: object): string[];
  /** The same in a row that counts events. */
  keysOfEvents(row: object): string[];
  /** Rows as `RollupRow`, with their `slice`. */
  rollup(generation: number, pieces: readonly Piece[]): Knex.Raw;
  /** Events of one table, each with `error` (0 or 1) and `ms`. */
  events(table: EventTable, piece: Piece): Knex.QueryBuilder;
}

export type EventTable = 'event_log' | 'event_log_archive';

/** A column and the values that it may have. */
export type Filter = [column: string, values: readonly string[] | undefined];

/** The rows of whole buckets, added up by slice: for each piece one seek at the beginning of the table's key. */
export function rollupQuery(
  { knex, key }: ReadQueries,
  dialect: AnalyticsDialect,
  table: 'step_rollup' | 'process_rollup',
  options: {
    generation: number;
    pieces: readonly Piece[];
    keys: readonly { column: string; shown?: string }[];
    errors: string;
    durations: boolean;
    filters: readonly Filter[];
  },
): Knex.Raw {
  const { generation, pieces, keys, errors, durations, filters } = options;
  const columns = [
    'slice',
    ...keys.map(({ column, shown = column }, at) => `${shown} AS key${at}`),
    'SUM(event_count) AS events',
    `SUM(${errors}) AS errors`,
    ...(durations ? DURATIONS : []),
  ];
  const wanted = filters.flatMap(([column, values]) => (values ? [{ column, values }] : []));
  const conditions = wanted.map(
    ({ column, values }) => `AND ${column} IN (${values.map(() => '?').join(', ')})`,
  );
  return knex.raw(
    `SELECT ${columns.join(', ')}
FROM ${dialect.pieces} AS piece CROSS JOIN ${table}
WHERE generation = ? AND grain = minutes AND bucket_start >= since AND bucket_start < until
${conditions.join('\n')}
GROUP BY ${['slice', ...keys.map(({ column }) => column)].join(', ')}
${dialect.seekEach}`,
    [
      piecesJson(pieces, dialect),
      generation,
      ...wanted.flatMap(({ values }) => values.map(key)),
    ] as Knex.Value[],
  );
}

const DURATIONS = [
  'SUM(timed_count) AS timed',
  'SUM(sum_ms) AS total_ms',
  'MIN(min_ms) AS least_ms',
  'MAX(max_ms) AS most_ms',
  // Concatenated, they need few long rows instead of many.
  "STRING_AGG(histogram, ' ') AS histogram",
];

/** As `AnalyticsDialect.pieces` reads them. */
function piecesJson(pieces: readonly Piece[], { time }: AnalyticsDialect): string {
  return JSON.stringify(
    pieces.map(({ slice, grain, from, to }) => [
      ...[slice, grain, time(new Date(from).toISOString()), time(new Date(to).toISOString())],
    ]),
  );
}

/**
 * Narrows events to a range of time and to the values. A range is what the index finds: SQLite, which keeps no
 * statistics, would take an index on a name instead if it could, and read all its events ever.
 */
export function narrow(
  reads: ReadQueries,
  query: Knex.QueryBuilder,
  { piece, prefix, filters }: { piece: Piece; prefix: string; filters: readonly Filter[] },
): Knex.QueryBuilder {
  query
    .where(`${prefix}created_at`, '>=', timeOf(reads, piece.from))
    .where(`${prefix}created_at`, '<', timeOf(reads, piece.to));
  for (const [column, values] of filters) {
    if (!values) continue;
    const parameters = values.map(() => '?').join(', ');
    query.whereRaw(`COALESCE(${prefix}${column}, '') IN (${parameters})`, values.map(reads.key));
  }
  return query;
}

function timeOf(reads: ReadQueries, ms: number): Knex.Value {
  return reads.time(new Date(ms).toISOString());
}

/** Several SELECTs as one statement. */
export function unionOf(knex: Knex, queries: readonly Knex.QueryBuilder[]): Knex.QueryBuilder {
  const [first, ...rest] = queries.map((query) => knex.select('*').from(query.as('part')));
  if (!first) throw new RangeError('there is no query to unite');
  return rest.length > 0 ? first.unionAll(rest) : first;
}

/** Names of the key columns of these groups, and their values; '' for NULL. */
export function keyColumns(
  groups: readonly string[],
): Pick<Subject, 'keys' | 'keysOf' | 'keysOfEvents'> {
  const keys = groups.map((_, at) => `key${at}`);
  const keysOf = (row: object): string[] =>
    keys.map((key, at) => {
      const text = (row as Record<string, string>)[key] ?? '';
      return groups[at] === 'process' ? decodeName(text) : text;
    });
  return { keys, keysOf, keysOfEvents: keysOf };
}
