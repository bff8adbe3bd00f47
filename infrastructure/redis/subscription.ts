import type { Redis } from 'ioredis';
import { sleep } from '../../domain/common/index.ts';
import { openSubscriber, untilReady } from './connection.ts';

interface SubscriptionOptions {
  url: string;
  channel: string;
  onMessage: (text: string) => void;
  /** Called when a lost subscription is there again: messages may have been missed. */
  onGap: () => void;
  onError: (error: Error) => void;
  /** Milliseconds between two pings, and the longest time that Redis has to answer one. */
  pingMs: number;
}

interface Subscription {
  /** Resolves after the first attempt, also after a failed one. */
  tried: Promise<void>;
  close(): void;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** The delay before the next attempt to subscribe grows from the first to the second. */
const MIN_RETRY_DELAY_MS = 50;
const MAX_RETRY_DELAY_MS = 2_000;

/**
 * A subscription that renews itself after every loss and reports each loss by `onGap`.
 *
 * ioredis subscribes again by itself. But it does not report when Redis has confirmed that, and only a read of the
 * database after the confirmation misses no state. Nor does it notice a connection that was lost without a close,
 * because a subscriber only listens; hence the pings. A failed first attempt counts as a loss.
 */
export function subscribe(options: SubscriptionOptions): Subscription {
  const { url, channel, onMessage, onGap, onError, pingMs } = options;
  const closing = new AbortController();
  let client: Redis | undefined;
  const tried = open(0).then(
    () => true,
    (error: Error) => {
      if (!closing.signal.aborted) onError(error);
      return false;
    },
  );
  void keepOpen();

  async function open(attempt: number): Promise<void> {
    const redis = openSubscriber(url, attempt, onError);
    // Set before Redis answers, so that `close` can disconnect it.
    client = redis;
    redis.on('message', (_channel, text) => onMessage(text));
    try {
      await untilReady(redis, CONNECT_TIMEOUT_MS);
      await redis.subscribe(channel);
    } catch (error) {
      redis.disconnect();
      throw error;
    }
  }

  async function keepOpen(): Promise<void> {
    if (!(await tried)) await openAgain();
    while (!closing.signal.aborted) {
      if (client) await untilLost(client);
      client?.disconnect();
      await openAgain();
    }
  }

  async function openAgain(): Promise<void> {
    for (let attempt = 1; !closing.signal.aborted; attempt++) {
      try {
        await open(attempt);
        if (!closing.signal.aborted) onGap();
        return;
      } catch (error) {
        if (closing.signal.aborted) return;
        onError(error instanceof Error ? error : new Error(String(error)));
        await pause(Math.min(MAX_RETRY_DELAY_MS, MIN_RETRY_DELAY_MS * 2 ** Math.min(attempt, 10)));
      }
    }
  }

  async function untilLost(redis: Redis): Promise<void> {
    let isLost = redis.status === 'end';
    const lost = new Promise<void>((resolve) => {
      redis.once('end', () => {
        isLost = true;
        resolve();
      });
    });
    while (!isLost && !closing.signal.aborted) {
      await Promise.race([lost, pause(pingMs)]);
      if (isLost || closing.signal.aborted) return;
      if (!(await answersPing(redis, lost))) return;
    }
  }

  function answersPing(redis: Redis, lost: Promise<void>): Promise<boolean> {
    const answer = redis.ping().then(
      () => true,
      () => false,
    );
    const timeout = Promise.race([lost, pause(pingMs)]).then(() => false);
    return Promise.race([answer, timeout]);
  }

  function pause(ms: number): Promise<void> {
    return sleep(ms, closing.signal);
  }

  return {
    tried: tried.then(() => {}),
    close() {
      closing.abort();
      client?.disconnect();
    },
  };
}
