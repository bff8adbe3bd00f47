import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { vi } from 'vitest';
import {
  createCollect,
  createSubscriptions,
  readCallbackHosts,
  sendDelivery,
} from '../../domain/callbacks/index.ts';
import type { EventStore } from '../../domain/process/event-store.ts';
import { createCallbackSender } from '../../infrastructure/http/callback-sender.ts';
import type { CallbackReceiver, Received } from './callback-receiver.ts';
import type { TestDatabase } from './databases.ts';

const signal = new AbortController().signal;
export const BASE_SECRET = 'a text of thirty-two characters!';

/** What makes and sends callbacks, step by step and by a clock of the test, on a real database and a real receiver. */
export function createCallbackWorld(
  database: TestDatabase,
  receiver: Pick<CallbackReceiver, 'host'>,
  time: { now: number },
  /** By default personal data stays as it is stored. */
  eventStore: Pick<EventStore, 'readStream'> = database.eventStore,
) {
  const clock = (): number => time.now;
  const hosts = readCallbackHosts('', `http://${receiver.host}`);
  const sender = createCallbackSender({ timeoutMs: 5_000, userAgent: 'test' });
  const { subscriptionStore: subscriptions, deliveryStore: deliveries } = database;
  const collect = createCollect({
    source: database.callbackSource,
    deliveries,
    subscriptions,
    hosts,
  });
  const ports = {
    ...{ eventStore, deliveries, subscriptions, hosts, clock },
    retryDelays: [5_000, 300_000],
    send: sender.send,
    random: () => 0,
    baseSecrets: [BASE_SECRET],
  };
  return {
    hosts,
    subscriptions: createSubscriptions(database, {
      ...{ hosts, clock, baseSecrets: [BASE_SECRET] },
      newId: randomUUID,
    }),
    collect: () => collect(signal),
    close: sender.close,
    claim: () =>
      deliveries.claim({
        limit: 16,
        token: 'claim',
        hiddenUntil: new Date(time.now + 60_000).toISOString(),
        exceptHosts: [],
      }),
    /** Sends everything that is due, and what becomes due by it. */
    async sendAll(): Promise<string[]> {
      const outcomes: string[] = [];
      for (;;) {
        const token = randomUUID();
        const hiddenUntil = new Date(time.now + 60_000).toISOString();
        const claimed = await deliveries.claim({ limit: 16, token, hiddenUntil, exceptHosts: [] });
        if (claimed.length === 0) return outcomes;
        for (const delivery of claimed) {
          outcomes.push(await sendDelivery(delivery, token, ports));
        }
      }
    },
  };
}

/** What a receiver reads whose clock shows that time; throws for a signature that does not fit. */
export function verifyAt(now: number, secret: string | undefined, one: Received | undefined) {
  vi.useFakeTimers({ toFake: ['Date'], now });
  try {
    return new Webhook(String(secret)).verify(one?.body ?? '', one?.headers ?? {});
  } finally {
    vi.useRealTimers();
  }
}
