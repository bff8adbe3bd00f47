import { EVENT_COLUMNS } from '../sql/columns.ts';
import type { FoundEventRow } from '../sql/event-row.ts';
import type { FeedRow } from '../sql/feed-rows.ts';
import { decodeName } from '../sql/process-name.ts';

/** The links of the hash chain are worth nothing without the stream, which `verify` reads in the tables. */
const WITHOUT: readonly string[] = ['hash'];

/** The columns of event_log that an export of columns has, besides `id`. */
export const EXPORTED_COLUMNS: readonly (keyof FoundEventRow)[] = [
  ...EVENT_COLUMNS.filter((name) => !WITHOUT.includes(name)),
  'archived_at',
];

/** What an export says in a column: what the row has, and the name of the process letter for letter. */
export function exportedValue(row: FeedRow, column: keyof FeedRow): FeedRow[keyof FeedRow] {
  const value = row[column];
  return column === 'process_name' && typeof value === 'string' ? decodeName(value) : value;
}
