import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { openSubscriber, untilReady } from './connection.ts';

export interface SubscriptionOptions {
  url: string;
  channel: string;
  onMessage: (text: string) => void;
  /** Called when the subscription stands again after a loss: messages may have been missed. */
  onGap: () => void;
  onError: (error: Error) => void;
  /** Milliseconds between two questions whether Redis is still there, and that it has to answer. */
  pingMs: number;
}

export interface Subscription {
  /** Resolves after the first attempt, whatever came of it. */
  tried: Promise<void>;
  close(): void;
}

/** Milliseconds that Redis has to answer when connecting. */
const CONNECT_MS = 5_000;
/** Milliseconds before the next attempt to subscribe: the first, and the longest. */
const RETRY_MS = 50;
const MAX_RETRY_MS = 2_000;

/**
 * A subscription that is there again after every loss, and says that there was one.
 *
 * ioredis subscribes again by itself, but neither says when Redis has confirmed it (only after that does a
 * look into the database miss nothing) nor does it notice a connection that was lost without a word: a
 * subscriber only listens. Hence the pings. A first attempt that fails is a loss like any other.
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
  void keep();

  async function open(attempt: number): Promise<void> {
    const redis = openSubscriber(url, attempt, onError);
    // Known before it stands: a close must not wait for it.
    client = redis;
    redis.on('message', (_channel, text) => onMessage(text));
    try {
      await untilReady(redis, CONNECT_MS);
      await redis.subscribe(channel);
    } catch (error) {
      redis.disconnect();
      throw error;
    }
  }

  async function keep(): Promise<void> {
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
        await pause(Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** Math.min(attempt, 10)));
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
      if (!(await answers(redis, lost))) return;
    }
  }

  function answers(redis: Redis, lost: Promise<void>): Promise<boolean> {
    const answer = redis.ping().then(
      () => true,
      () => false,
    );
    const none = Promise.race([lost, pause(pingMs)]).then(() => false);
    return Promise.race([answer, none]);
  }

  function pause(ms: number): Promise<unknown> {
    return sleep(ms, undefined, { signal: closing.signal }).catch(() => {});
  }

  return {
    tried: tried.then(() => {}),
    close() {
      closing.abort();
      client?.disconnect();
    },
  };
}
