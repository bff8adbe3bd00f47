import type {
  EventFeed,
  FedEvent,
  FeedPage,
  FeedPosition,
  FeedSignal,
} from '../../../domain/feed/index.ts';
import type { CallerWait } from '../../../domain/process/index.ts';
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

/** As `readFeed`; when there is nothing yet, what comes while the caller waits. */
export async function readFeedAfterWait(
  feed: Pick<EventFeed, 'page'>,
  signal: Pick<FeedSignal, 'listen'>,
  reading: FeedReading,
  { ms, hungUp }: CallerWait,
): Promise<FeedPage<FedEvent>> {
  if (ms === 0) return readFeed(feed, reading, hungUp);
  // Before the first read: what is committed in between is seen by one of the two.
  const listener = signal.listen(ms);
  hungUp.addEventListener('abort', listener.end);
  try {
    let page = await readFeed(feed, reading, hungUp);
    while (page.items.length === 0 && page.atEnd && (await listener.news())) {
      page = await readFeed(feed, { ...reading, after: page.lookedTo }, hungUp);
    }
    return page;
  } finally {
    listener.end();
  }
}
