import { publicEvent } from '../../domain/process/index.ts';
import { fromEventRow } from '../sql/event-row.ts';
import type { FeedRow } from '../sql/feed-rows.ts';

/** The event of a row as a line of ndjson holds it, personal data still encrypted. */
export function exportLine(row: FeedRow): object {
  return {
    position: String(row.position),
    ...publicEvent(fromEventRow(String(row.id), row)),
  };
}
