import { backoff, type Send, sleep } from './call.ts';
import { UnavailableError } from './errors.ts';
import type { FeedEvent } from './types.ts';

/** Keeps how far a consumer has come, where a restart finds it. */
export interface CursorStore {
  /** Null: from the beginning of the feed. */
  load(): Promise<string | null> | string | null;
  save(cursor: string): Promise<void> | void;
}

export interface FeedOptions {
  cursorStore: CursorStore;
  /** Only these types of events. */
  types?: readonly string[] | undefined;
  /** Only events of these processes, by their keys. */
  processes?: readonly string[] | undefined;
  /** Without the archived ones, which come by default: a consumer that was away for long misses nothing. */
  liveOnly?: boolean | undefined;
  /** Events at once, at most. Default 100. */
  limit?: number | undefined;
  /** Ends the consumer, which otherwise runs for ever. */
  signal?: AbortSignal | undefined;
}

/** Handles a batch; when it throws, the consumer ends, and the same batch comes again in the next run. */
export type HandleBatch = (events: readonly FeedEvent[]) => Promise<void> | void;

const WAIT_S = 20;

/**
 * Consumes the feed: each event at least once and in order. The cursor is saved after a batch is handled, so who is killed
 * in between gets the batch again.
 */
export async function consumeFeed(
  send: Send,
  { cursorStore, types, processes, liveOnly, limit = 100, signal }: FeedOptions,
  handle: HandleBatch,
): Promise<void> {
  let cursor = await cursorStore.load();
  for (let tried = 0; !signal?.aborted; ) {
    const page = await nextPage();
    if (page === 'later') {
      await sleep(backoff(tried++), signal).catch(() => {});
      continue;
    }
    if (page === null) return;
    tried = 0;
    if (page.events.length > 0) await handle(page.events);
    if (page.nextCursor !== cursor) await cursorStore.save(page.nextCursor);
    cursor = page.nextCursor;
  }

  /** @returns null when the consumer was ended */
  async function nextPage() {
    try {
      const { body } = await send({
        path: '/api/events',
        query: {
          limit: String(limit),
          archive: liveOnly ? undefined : 'include',
          type: types,
          process: processes,
          cursor: cursor ?? undefined,
        },
        headers: { prefer: `wait=${WAIT_S}` },
        signal,
      });
      return body as { events: FeedEvent[]; nextCursor: string };
    } catch (error) {
      if (signal?.aborted) return null;
      if (error instanceof UnavailableError) return 'later';
      throw error;
    }
  }
}
