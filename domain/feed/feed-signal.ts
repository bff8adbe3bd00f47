import type { EventFeed, FeedPosition } from './event-feed.ts';

/** One who waits for news of the feed. */
export interface FeedListener {
  /**
   * Resolves with true once there may be news since the call before, which may be at once; with false once the
   * listening has ended.
   */
  news(): Promise<boolean>;
  /** Frees the place. */
  end(): void;
}

export interface FeedSignal {
  /** Something was written: here or, as far as is heard, by another instance. */
  wake(): void;
  /**
   * Registered when it returns: what is committed from then on is news.
   *
   * @param timeoutMs after which it ends by itself
   */
  listen(timeoutMs?: number): FeedListener;
  /** Ends all listening, and what still comes: at the stop. */
  close(): void;
  /** How many listen. */
  size(): number;
}

/** How late news come that nobody told of, in milliseconds. */
const POLL_MS = 1_000;

/**
 * Tells those who wait at the end of the feed when there is more. However many listen and however much is
 * written, the database is asked for the head of the feed by one question at a time, and listeners hear of it
 * only when the head has moved: each of them then reads, and hears of whatever came meanwhile once.
 *
 * Being woken is a hint. While somebody listens the head is looked at once a second as well, for what other
 * instances wrote and could not tell.
 */
export function createFeedSignal({
  feed,
  log,
  pollMs = POLL_MS,
}: {
  feed: Pick<EventFeed, 'head'>;
  log: { debug(fields: object, message: string): void };
  pollMs?: number;
}): FeedSignal {
  const listeners = new Set<Listener>();
  let head: FeedPosition | undefined;
  let timer: NodeJS.Timeout | undefined;
  let scheduled = false;
  let looking = false;
  let again = false;
  let closed = false;

  async function look(): Promise<void> {
    again = true;
    if (looking) return;
    looking = true;
    try {
      while (again && listeners.size > 0) {
        again = false;
        const found = await feed.head();
        if (found === head) continue;
        head = found;
        for (const listener of listeners) listener.tell();
      }
    } catch (error) {
      // Looked at again within a second; whoever reads says why it fails.
      log.debug({ error: String(error) }, 'the head of the feed was not read');
    } finally {
      looking = false;
    }
  }

  function leave(listener: Listener): void {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  return {
    wake() {
      if (scheduled || listeners.size === 0) return;
      scheduled = true;
      // In the next turn: what is committed together is asked for once.
      setImmediate(() => {
        scheduled = false;
        void look();
      });
    },
    listen(timeoutMs) {
      const listener = new Listener(timeoutMs, leave);
      if (closed) {
        listener.end();
        return listener;
      }
      listeners.add(listener);
      timer ??= setInterval(look, pollMs);
      return listener;
    },
    close() {
      closed = true;
      for (const listener of [...listeners]) listener.end();
    },
    size: () => listeners.size,
  };
}

class Listener implements FeedListener {
  private isNew = false;
  private ended = false;
  private resolve: ((isNews: boolean) => void) | undefined;
  private readonly timer: NodeJS.Timeout | undefined;

  constructor(
    timeoutMs: number | undefined,
    private readonly leave: (listener: Listener) => void,
  ) {
    if (timeoutMs !== undefined) this.timer = setTimeout(this.end, timeoutMs);
  }

  news(): Promise<boolean> {
    return new Promise((resolve) => {
      this.resolve = resolve;
      this.settle();
    });
  }

  tell(): void {
    this.isNew = true;
    this.settle();
  }

  // Its own, for it is handed on by itself.
  readonly end = (): void => {
    clearTimeout(this.timer);
    this.ended = true;
    this.leave(this);
    this.settle();
  };

  private settle(): void {
    if (!this.resolve || !(this.isNew || this.ended)) return;
    this.isNew = false;
    this.resolve(!this.ended);
    this.resolve = undefined;
  }
}
