import { fromEventRow } from '../../infrastructure/sql/event-row.ts';
import type { FeedRow } from '../../infrastructure/sql/feed-rows.ts';
import { publicEvent } from './event-schemas.ts';

/** A line of ndjson: the event as the feed tells it, with what is personal sealed. */
export function exportLine(row: FeedRow): object {
  return {
    position: String(row.position),
    ...publicEvent(fromEventRow(String(row.id), row)),
  };
}
