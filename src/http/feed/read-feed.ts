import type { EventFeed, FedEvent, FeedPage, FeedPosition } from '../../../domain/feed/index.ts';
import { PAGE_BYTES } from '../answers/answer-bytes.ts';
import type { Wanted } from './filter.ts';

/** Milliseconds after which a caller has what was found by then, so that it sees that it goes on. */
const BUDGET_MS = 1_000;

export interface FeedReading extends Wanted {
  after: FeedPosition;
  limit: number;
}

/**
 * Reads on until there are `limit` events or so many bytes of them, nothing is left, or the time is used up: a look at the feed is
 * bounded, and a filter that little fits would give one empty page after another.
 *
 * @throws StoreUnavailableError
 * @throws the signal's reason
 */
export async function readFeed(
  feed: Pick<EventFeed, 'page'>,
  { after, limit, filter, archived }: FeedReading,
  signal: AbortSignal,
): Promise<FeedPage<FedEvent>> {
  const until = performance.now() + BUDGET_MS;
  const items: FedEvent[] = [];
  let lookedTo = after;
  let bytes = 0;
  for (;;) {
    const rest = { after: lookedTo, limit: limit - items.length, maxBytes: PAGE_BYTES - bytes };
    const page = await feed.page({ ...rest, filter, archived }, signal);
    items.push(...page.items);
    lookedTo = page.lookedTo;
    bytes += page.bytes;
    const isFull = items.length >= limit || bytes >= PAGE_BYTES;
    const done = page.atEnd || isFull || performance.now() >= until;
    if (done) return { items, lookedTo, atEnd: page.atEnd, bytes };
  }
}
