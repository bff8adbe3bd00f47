import type { EventFeed, FedEvent, FeedPage, FeedPosition } from '../../domain/ports/event-feed.ts';
import type { Wanted } from './feed-query.ts';

/** Milliseconds after which a caller has what was found by then, so that it sees that it goes on. */
const BUDGET_MS = 1_000;

export interface FeedReading extends Wanted {
  after: FeedPosition;
  limit: number;
}

/**
 * Reads on until there are `limit` events, nothing is left, or the time is used up: a look at the feed is
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
  for (;;) {
    const rest = { after: lookedTo, limit: limit - items.length, filter, archived };
    const page = await feed.page(rest, signal);
    items.push(...page.items);
    lookedTo = page.lookedTo;
    const done = page.atEnd || items.length >= limit || performance.now() >= until;
    if (done) return { items, lookedTo, atEnd: page.atEnd };
  }
}
