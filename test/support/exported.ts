import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { EXPORT_COLUMN_NAMES } from '../../domain/export/index.ts';
import type { ExportFormat } from '../../infrastructure/files/export-formats.ts';
import { exportLine } from '../../infrastructure/files/ndjson.ts';
import type { Database } from '../../infrastructure/sql/database.ts';
import { isOnPath } from './children.ts';

export type ExportedRow = Record<string, unknown>;

/** All events from the tables in the order of the feed, as an export in this format must contain them. */
export async function expectedRows(
  database: Pick<Database, 'knex' | 'eventFeed' | 'feedRows'>,
  format: ExportFormat,
  { archived = true } = {},
): Promise<ExportedRow[]> {
  const { knex, eventFeed } = database;
  const rows = new Map<string, ExportedRow>();
  for (const table of archived ? ['event_log', 'event_log_archive'] : ['event_log']) {
    for (const row of await knex(table)) rows.set(String(row.id), row);
  }
  const { items } = await eventFeed.page({ after: '0', limit: 1_000, filter: {}, archived });
  if (items.length !== rows.size) throw new Error(`${items.length} fed, ${rows.size} stored`);
  return items.map(({ position, event: { id } }) => {
    const stored = rows.get(id);
    const row = Object.fromEntries(
      EXPORT_COLUMN_NAMES.map((name) => [name, plain(name, stored?.[name])]),
    );
    switch (format) {
      case 'ndjson':
        return JSON.parse(JSON.stringify(exportLine({ ...row, id, position } as never)));
      case 'csv':
        return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, cell(value)]));
      case 'parquet':
        return Object.fromEntries(
          Object.entries(row).map(([name, value]) => [name, typed(name, value)]),
        );
      default:
        throw new RangeError(format satisfies never);
    }
  });
}

/** The rows in the bytes of an export. */
export async function readExport(format: ExportFormat, bytes: Buffer): Promise<ExportedRow[]> {
  switch (format) {
    case 'ndjson':
      return bytes
        .toString()
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line));
    case 'csv': {
      const [names = [], ...lines] = readCsv(bytes.toString());
      return lines.map((line) => Object.fromEntries(names.map((name, at) => [name, line[at]])));
    }
    case 'parquet':
      return parquetReadObjects({ file: new Uint8Array(bytes).buffer, utf8: false });
    default:
      throw new RangeError(format satisfies never);
  }
}

/** The records of a CSV file by RFC 4180, each ended by CRLF. An empty field without quotes is null. */
function readCsv(text: string): string[][] {
  const lines: string[][] = [];
  let line: string[] = [];
  const field = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n)/y;
  while (field.lastIndex < text.length) {
    const at = field.lastIndex;
    const [, value = '', end] = field.exec(text) ?? [];
    if (end === undefined) throw new Error(`no CSV at ${at}: ${text.slice(at, at + 80)}`);
    line.push(
      value.startsWith('"')
        ? unguarded(value.slice(1, -1).replaceAll('""', '"'))
        : ((value === '' ? null : value) as string),
    );
    if (end === ',') continue;
    lines.push(line);
    line = [];
  }
  return lines;
}

/** The stored text of a field: removes the apostrophe that keeps spreadsheets from running the text as a formula. */
export function unguarded(field: string): string {
  return field.startsWith("'") ? field.slice(1) : field;
}

function plain(name: string, value: unknown): unknown {
  if (value === undefined || value === null) return null;
  return name.endsWith('_at') ? new Date(value as string).toISOString() : value;
}

function cell(value: unknown): string | null {
  return value === null ? null : String(value);
}

function typed(name: string, value: unknown): unknown {
  if (value === null) return null;
  if (name === 'id') return BigInt(value as string);
  return name.endsWith('_at') ? new Date(value as string) : value;
}

/** The first row that differs, from both lists; null when all are equal. For lists that are too long for a diff. */
export function firstDifference(
  rows: readonly ExportedRow[],
  expected: readonly ExportedRow[],
): { at: number; row: ExportedRow | undefined; expected: ExportedRow | undefined } | null {
  const length = Math.max(rows.length, expected.length);
  for (let at = 0; at < length; at++) {
    if (isDeepStrictEqual(rows[at], expected[at])) continue;
    return { at, row: rows[at], expected: expected[at] };
  }
  return null;
}

/** Reads the records of a CSV file, the header included. An empty field may be null or an empty text. */
export type CsvReader = (file: string) => Promise<(string | null)[][]>;

/** Reads with Python's csv module as its manual advises. It does not distinguish null from an empty text. */
export async function readWithPython(file: string): Promise<(string | null)[][]> {
  if (!isOnPath('python3')) {
    throw new Error('there is no python3: install it, e.g. `apt-get install python3`');
  }
  const program = `
import csv, json, sys
csv.field_size_limit(sys.maxsize)
with open(sys.argv[1], newline='', encoding='utf-8') as file:
    json.dump(list(csv.reader(file, strict=True)), sys.stdout)
`;
  const { stdout, stderr, status } = spawnSync('python3', ['-c', program, file], {
    encoding: 'utf8',
    maxBuffer: 200_000_000,
  });
  if (status !== 0) throw new Error(`Python could not read the file: ${stderr}`);
  return JSON.parse(stdout);
}

/** Reads with DuckDB, which is told only that all columns are texts and that "" is an empty text. */
export async function readWithDuckDb(file: string): Promise<(string | null)[][]> {
  const read = `read_csv('${file}', header = false, all_varchar = true, delim = ',', quote = '"', escape = '"',
    nullstr = '', allow_quoted_nulls = false, max_line_size = 20000000)`;
  // Through a file, because the binding for Node removes a byte order mark at the beginning of a text.
  await queryDuckDb(`COPY (SELECT * FROM ${read}) TO '${file}.json' (FORMAT json)`);
  const lines = readFileSync(`${file}.json`, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => Object.values(JSON.parse(line)));
}

/** How many rows DuckDB finds in a file without any options. */
export async function countWithDuckDb(file: string): Promise<number> {
  const [[count] = []] = await queryDuckDb(`SELECT count(*)::VARCHAR FROM '${file}'`);
  return Number(count);
}

/** Runs a query in a new DuckDB; times are texts in the time zone of the session. */
export async function queryDuckDb(
  sql: string,
  session: readonly string[] = [],
): Promise<(string | null)[][]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    for (const statement of session) await connection.run(statement);
    const reader = await connection.runAndReadAll(sql);
    return reader.getRowsJson() as (string | null)[][];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Writes bytes to a file and returns its path. */
export function fileOf(path: string, bytes: Uint8Array): string {
  writeFileSync(path, bytes);
  return path;
}

export type FileRow = Record<string, unknown>;

/** Reads the rows of each Parquet file of a folder whose name starts with the prefix. */
export async function readParquet(folder: string, prefix: string): Promise<Map<string, FileRow[]>> {
  const found = new Map<string, FileRow[]>();
  for (const name of readdirSync(folder).sort()) {
    if (!name.startsWith(prefix) || !name.endsWith('.parquet')) continue;
    const file = await asyncBufferFromFile(join(folder, name));
    // Without utf8, columns of bytes stay bytes; columns of text are marked and read as text anyway.
    found.set(name, await parquetReadObjects({ file, utf8: false }));
  }
  return found;
}

/** Rows as they are read from a file: ids as bigint, times as Date, bytes as Uint8Array. */
export function asInFile(rows: readonly FileRow[]): FileRow[] {
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        value === null ? null : typedCell(name, value),
      ]),
    ),
  );
}

function typedCell(name: string, value: unknown): unknown {
  if (name === 'id') return BigInt(value as string);
  if (name.endsWith('_at')) return new Date(value as string);
  if (name === 'hash') return Uint8Array.from(value as Uint8Array);
  return value;
}
