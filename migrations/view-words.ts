import type { Knex } from 'knex';
import { dialectOf } from './dialect.ts';

/** The expressions in which the databases differ. */
export interface Words {
  /** A text in a column of JSON. */
  text(column: string, path: string): string;
  /** A whole number in a column of JSON. */
  integer(column: string, path: string): string;
  /** Milliseconds from one time to another. */
  between(from: string, to: string): string;
  /** The same, and never below zero. */
  duration(from: string, to: string): string;
  /** Of a time. */
  day(column: string): string;
  noTime: string;
  /** A key of the rollups, where '' stands for none. */
  optional(column: string): string;
  float: string;
}

const sqlite: Words = {
  duration: (from, to) =>
    `CAST(MAX(0, ROUND((julianday(${to}) - julianday(${from})) * 86400000)) AS INTEGER)`,
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
  duration: (from, to) =>
    `CASE WHEN ${to} < ${from} THEN 0 ELSE DATEDIFF_BIG(MILLISECOND, ${from}, ${to}) END`,
  text: (column, path) => `JSON_VALUE(${column}, '${path}')`,
  // A number too large for its column is left out rather than ending the whole query.
  integer: (column, path) => `TRY_CAST(JSON_VALUE(${column}, '${path}') AS BIGINT)`,
  between: (from, to) => `DATEDIFF_BIG(MILLISECOND, ${from}, ${to})`,
  day: (column) => `CAST(${column} AS DATE)`,
  noTime: 'CAST(NULL AS DATETIME2(3))',
  optional: (column) => `NULLIF(${column}, '')`,
  float: 'FLOAT',
};

/** The expressions of a connection's database. */
export function wordsOf(knex: Knex): Words {
  return dialectOf(knex).kind === 'mssql' ? mssql : sqlite;
}
