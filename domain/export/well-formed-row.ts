import { wellFormedJson } from '../common/index.ts';
import type { ExportedRow } from './export-columns.ts';

/** The columns that hold JSON. Other texts were made well-formed when they were written. */
const JSON_COLUMNS = ['request_data', 'response_data', 'identifiers', 'metadata'] as const;

/**
 * The row with well-formed Unicode: without a half of a surrogate pair. No new row has one, but older ones may, and
 * one of them makes a whole ndjson file unreadable for DuckDB.
 */
export function wellFormedRow(row: ExportedRow): ExportedRow {
  let clean = row;
  for (const name of JSON_COLUMNS) {
    const text = row[name];
    if (text === null) continue;
    const wellFormed = wellFormedJson(text);
    if (wellFormed !== text) clean = { ...clean, [name]: wellFormed };
  }
  return clean;
}
