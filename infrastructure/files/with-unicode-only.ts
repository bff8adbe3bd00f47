import { wellFormedJson } from '../../domain/common/index.ts';
import type { FeedRow } from '../sql/feed-rows.ts';

/** The columns that hold JSON. Others were made Unicode when they were written. */
const JSON_COLUMNS = ['request_data', 'response_data', 'identifiers', 'metadata'] as const;

/**
 * A row whose JSON has no half of a surrogate pair. None gets in any more, but older rows may have some, and one
 * makes a whole file of ndjson unreadable for DuckDB.
 */
export function withUnicodeOnly(row: FeedRow): FeedRow {
  let clean = row;
  for (const name of JSON_COLUMNS) {
    const text = row[name];
    if (typeof text !== 'string') continue;
    const wellFormed = wellFormedJson(text);
    if (wellFormed !== text) clean = { ...clean, [name]: wellFormed };
  }
  return clean;
}
