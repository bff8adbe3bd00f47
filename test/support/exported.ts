import { isDeepStrictEqual } from 'node:util';
import { parquetReadObjects } from 'hyparquet';
import { EXPORTED_COLUMNS } from '../../infrastructure/files/export-columns.ts';
import type { ExportFormat } from '../../infrastructure/files/export-formats.ts';
import { exportLine } from '../../infrastructure/files/export-line.ts';
import type { Database } from '../../infrastructure/sql/database.ts';

export type ExportedRow = Record<string, unknown>;

const NAMES = ['id', ...EXPORTED_COLUMNS];

/** All events as the tables hold them, in the order of the feed, as an export in this format has to have them. */
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
    const row = Object.fromEntries(NAMES.map((name) => [name, plain(name, stored?.[name])]));
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

/** The records of RFC 4180: quoted or not, each ended by CRLF. What is not quoted and empty is null. */
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

/** A text of a CSV export as it is stored: the apostrophe that keeps spreadsheets from running it is taken away. */
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

/** The first row that differs, in both; null when none does. For so many rows that a difference could not be printed. */
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
