import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ProcessState } from '../../../domain/process/index.ts';
import { PROCESS_COLUMNS, type ProcessRow, toProcessRow } from '../process-row.ts';

type Column = (typeof PROCESS_COLUMNS)[number];

/** Columns that hold what callers sent or were sent: it is never shown. */
const PAYLOAD: readonly Column[] = ['data', 'error'];

export interface RowDifference {
  columns: Column[];
  /** What each of them is and should be, for people. */
  message: string;
}

/** Compares a row with the state that the events tell; null when they are the same. */
export function compareRow(row: ProcessRow, state: ProcessState): RowDifference | null {
  const expected = toProcessRow(state);
  const columns = PROCESS_COLUMNS.filter((name) => !isSame(name, row[name], expected[name]));
  if (columns.length === 0) return null;
  const message = columns
    .map((name) => `${name} is ${show(name, row[name])}, not ${show(name, expected[name])}`)
    .join('; ');
  return { columns, message };
}

function isSame(name: Column, found: unknown, expected: unknown): boolean {
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

function show(name: Column, value: unknown): string {
  if (value === null) return 'null';
  const text = String(value);
  if (!PAYLOAD.includes(name)) return JSON.stringify(value);
  return `${text.length} characters (SHA-256 ${hash('sha256', text).slice(0, 12)}…)`;
}
