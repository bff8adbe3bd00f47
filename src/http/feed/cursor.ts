import { z } from 'zod';
import type { EventFeed, FeedPosition } from '../../../domain/feed/index.ts';
import { decodeCursor, encodeCursor } from '../queries/cursor.ts';
import { text } from '../schemas/fields.ts';
import { fingerprint, type Wanted } from './filter.ts';

/** Instead of a cursor: start with the events that are written from now on. */
export const LATEST = 'latest';

const feedCursor = z.strictObject({
  feed: text.regex(/^(0|[1-9]\d{0,15})$/),
  filter: text,
});

const START_OVER =
  'leave it out to start with the first event, or send `latest` to start with the next one';

/** Encodes a feed position as a cursor that belongs to these filters. */
export function feedCursorOf(position: FeedPosition, wanted: Wanted): string {
  return encodeCursor({ feed: position, filter: fingerprint(wanted) });
}

/**
 * Reads the feed position from the cursor that a caller sent.
 *
 * @param cursor left out: the caller starts with the first event
 * @returns the position after which to read, or what is wrong with the cursor
 */
export async function readFeedCursor(
  feed: Pick<EventFeed, 'head'>,
  cursor: string | undefined,
  wanted: Wanted,
): Promise<{ after: FeedPosition } | { wrong: string }> {
  if (cursor === undefined) return { after: '0' };
  if (cursor === LATEST) return { after: await feed.head() };
  const decoded = decodeCursor(cursor, feedCursor);
  if (!decoded) {
    return {
      wrong: `is not a cursor of GET /api/events; use the nextCursor of a page or the id of a streamed event, or ${START_OVER}`,
    };
  }
  if (decoded.filter !== fingerprint(wanted)) {
    return {
      wrong: `belongs to other filters; send the filters of the page it comes from, or ${START_OVER}`,
    };
  }
  if (Number(decoded.feed) > Number(await feed.head())) {
    return {
      wrong: `points past the last event: it comes from another database, or this database was restored from a backup; compare your events with the feed, and ${START_OVER}`,
    };
  }
  return { after: decoded.feed };
}
