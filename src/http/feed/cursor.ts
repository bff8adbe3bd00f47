import { z } from 'zod';
import type { EventFeed, FeedPosition } from '../../../domain/feed/index.ts';
import { decodeCursor, encodeCursor } from '../queries/cursor.ts';
import { fingerprint, type Wanted } from './filter.ts';

/** Instead of a cursor: begin with what is written from now on. */
export const LATEST = 'latest';

const feedCursor = z.strictObject({
  feed: z.string().regex(/^(0|[1-9]\d{0,15})$/),
  filter: z.string(),
});

const ANEW = 'leave it out to begin with the first event, or send `latest` to begin with the next';

/** A place in the feed of the wanted events, for callers. */
export function feedCursorOf(position: FeedPosition, wanted: Wanted): string {
  return encodeCursor({ feed: position, filter: fingerprint(wanted) });
}

/**
 * Finds out where a caller is in the feed of the events it wants.
 *
 * @param cursor as the caller sent it; left out: it begins
 * @returns the position behind which it goes on, or what is wrong with the cursor
 */
export async function placeInFeed(
  feed: Pick<EventFeed, 'head'>,
  cursor: string | undefined,
  wanted: Wanted,
): Promise<{ after: FeedPosition } | { wrong: string }> {
  if (cursor === undefined) return { after: '0' };
  if (cursor === LATEST) return { after: await feed.head() };
  const place = decodeCursor(cursor, feedCursor);
  if (!place) {
    return {
      wrong: `is no cursor of GET /api/events; use the nextCursor of a page or the id of a streamed event, or ${ANEW}`,
    };
  }
  if (place.filter !== fingerprint(wanted)) {
    return {
      wrong: `was made with other filters; send those of the page it is from, or ${ANEW}`,
    };
  }
  if (Number(place.feed) > Number(await feed.head())) {
    return {
      wrong: `is further than the last event there is: it is from another database, or this one was set back; compare what you have with what there is, and ${ANEW}`,
    };
  }
  return { after: place.feed };
}
