import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Partition } from '../../domain/archive/index.ts';
import type { FoldedRow, ProjectedRow, RowDifference } from '../../domain/projection/index.ts';
import { PROCESS_COLUMNS, type ProcessRow } from './columns.ts';
import { decodeName } from './process-name.ts';
import { fromProcessRow, toProcessRow } from './process-row.ts';
import { TABLES } from './process-tables.ts';

/** A row of either table of processes; `moved_at` is `restored_at` or `archived_at`. */
export type MovedRow = ProcessRow & { moved_at: string | null };

interface StoredRow extends ProjectedRow {
  columns: MovedRow;
}

/** Columns with what callers sent or were sent: never shown. */
const PAYLOAD: readonly (keyof ProcessRow)[] = ['data', 'error'];

/** Selects the columns of a `MovedRow`. */
export const selectRows = (partition: Partition): string =>
  `${PROCESS_COLUMNS.join(', ')}, ${TABLES[partition].movedAt} AS moved_at FROM ${TABLES[partition].rows}`;

/** A row as the projection sees it. */
export function toProjectedRow(columns: MovedRow): ProjectedRow {
  const row: StoredRow = {
    columns,
    correlationId: columns.correlation_id,
    processName: decodeName(columns.process_name),
    status: columns.status,
    version: columns.version,
    updatedAt: columns.updated_at,
    movedAt: columns.moved_at,
    toState: () => fromProcessRow(columns),
    compare: (state) => compareRows(columns, toProcessRow(state)),
  };
  return row;
}

/** The columns of a row that was read here, or of a new one. */
export function toMovedRow(row: ProjectedRow | FoldedRow): MovedRow {
  if ('state' in row) return { ...toProcessRow(row.state), moved_at: row.movedAt };
  return (row as StoredRow).columns;
}

function compareRows(row: ProcessRow, expected: ProcessRow): RowDifference | null {
  const columns = PROCESS_COLUMNS.filter((name) => !isSame(name, row[name], expected[name]));
  if (columns.length === 0) return null;
  const message = columns
    .map((name) => `${name} is ${show(name, row[name])}, not ${show(name, expected[name])}`)
    .join('; ');
  return { columns, message };
}

function isSame(name: keyof ProcessRow, found: unknown, expected: unknown): boolean {
  if (found === expected) return true;
  if (name !== 'data' || typeof found !== 'string' || typeof expected !== 'string') {
    return false;
  }
  // The same JSON may be written in more than one way.
  try {
    return isDeepStrictEqual(JSON.parse(found), JSON.parse(expected));
  } catch {
    return false;
  }
}

function show(name: keyof ProcessRow, value: unknown): string {
  if (value === null) return 'null';
  const text = String(value);
  if (!PAYLOAD.includes(name)) return JSON.stringify(value);
  return `${text.length} characters (SHA-256 ${hash('sha256', text).slice(0, 12)}…)`;
}
