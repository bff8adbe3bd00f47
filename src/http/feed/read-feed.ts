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

/** After this time the caller gets what was found, so that it sees progress. */
const READ_TIMEOUT_MS = 1_000;

export interface FeedReading extends Wanted {
  after: FeedPosition;
  limit: number;
}

/**
 * Reads pages of the feed until there are `limit` events or PAGE_BYTES of them, the feed ends, or the time is up.
 * One page of the feed covers a bounded part of the log, so a selective filter would give many empty pages.
 *
 * @throws StoreUnavailableError
 * @throws the signal's reason
 */
async function readFeed(
  feed: Pick<EventFeed, 'page'>,
  { after, limit, filter, archived }: FeedReading,
  signal: AbortSignal,
): Promise<FeedPage<FedEvent>> {
  const until = performance.now() + READ_TIMEOUT_MS;
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

/** Like `readFeed`, but waits for events when the page is empty. */
export async function readFeedAfterWait(
  feed: Pick<EventFeed, 'page'>,
  signal: Pick<FeedSignal, 'listen'>,
  reading: FeedReading,
  { ms, hungUp }: CallerWait,
): Promise<FeedPage<FedEvent>> {
  if (ms === 0) return readFeed(feed, reading, hungUp);
  // Registered before the first read: events that are committed in between are seen by one of the two.
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
