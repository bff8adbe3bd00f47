import type { Log } from '../common/index.ts';
import type { EventFeed, FeedPosition } from './event-feed.ts';

/** Waits for new events in the feed. */
interface FeedListener {
  /**
   * Resolves with true once there may be events since the previous call, which may be at once; with false once the
   * listener has ended.
   */
  news(): Promise<boolean>;
  /** Stops listening. */
  end(): void;
}

export interface FeedSignal {
  /** Something was committed: here or, as far as is known, by another service instance. */
  wake(): void;
  /**
   * Registered when it returns: it sees what is committed from then on.
   *
   * @param timeoutMs after which it ends by itself
   */
  listen(timeoutMs?: number): FeedListener;
  /** Ends all listeners, and those that still come: for the stop of the service. */
  close(): void;
  /** How many listeners there are. */
  size(): number;
}

/** How late a listener learns of events without a wake, in milliseconds. */
const POLL_INTERVAL_MS = 1_000;

/**
 * Notifies those who wait at the end of the feed when there is more. However many listen and however much is
 * written, one query at a time asks the database for the head of the feed, and listeners are notified
 * only when the head has moved: each of them then reads, and is notified once of all that came meanwhile.
 *
 * A wake is a hint. While somebody listens, the head is read once a second as well, for what other
 * service instances wrote and could not notify of.
 */
export function createFeedSignal({
  feed,
  log,
  pollMs = POLL_INTERVAL_MS,
}: {
  feed: Pick<EventFeed, 'head'>;
  log: Pick<Log, 'debug'>;
  pollMs?: number;
}): FeedSignal {
  const listeners = new Set<Listener>();
  let head: FeedPosition | undefined;
  let timer: NodeJS.Timeout | undefined;
  let scheduled = false;
  let polling = false;
  let again = false;
  let closed = false;

  async function poll(): Promise<void> {
    again = true;
    if (polling) return;
    polling = true;
    try {
      while (again && listeners.size > 0) {
        again = false;
        const found = await feed.head();
        if (found === head) continue;
        head = found;
        for (const listener of listeners) listener.notify();
      }
    } catch (error) {
      // The next poll is within a second; a reader of the feed reports why it fails.
      log.debug({ error: String(error) }, 'the head of the feed was not read');
    } finally {
      polling = false;
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
      // In the next turn: one query for all that is committed together.
      setImmediate(() => {
        scheduled = false;
        void poll();
      });
    },
    listen(timeoutMs) {
      const listener = new Listener(timeoutMs, leave);
      if (closed) {
        listener.end();
        return listener;
      }
      listeners.add(listener);
      timer ??= setInterval(poll, pollMs);
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
  private hasNews = false;
  private ended = false;
  private resolve: ((hasNewss: boolean) => void) | undefined;
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
      this.answer();
    });
  }

  notify(): void {
    this.hasNews = true;
    this.answer();
  }

  // A field, because it is passed on by itself.
  readonly end = (): void => {
    clearTimeout(this.timer);
    this.ended = true;
    this.leave(this);
    this.answer();
  };

  private answer(): void {
    if (!this.resolve || !(this.hasNews || this.ended)) return;
    this.hasNews = false;
    this.resolve(!this.ended);
    this.resolve = undefined;
  }
}
