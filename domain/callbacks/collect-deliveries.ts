import type { FeedPosition } from '../feed/index.ts';
import {
  CALLBACK_EVENTS,
  type Callback,
  type CalledBackEvent,
  DEFAULT_EVENTS,
} from './callback-events.ts';
import type { CallbackHosts } from './callback-hosts.ts';
import type { CollectState, DeliveryStore, NewDelivery } from './delivery.ts';
import { type Subscription, type SubscriptionStore, signingKeyId } from './subscription.ts';

/** An event that somebody may be called back for. */
export interface CollectedEvent {
  type: CalledBackEvent;
  correlationId: string;
  processKey: string;
  version: number;
  position: FeedPosition;
  /** Of the start of its process; null without one. */
  callback: Callback | null;
}

/** The events of the feed that somebody may be called back for, and what the starts of their processes ask for. */
export interface CallbackSource {
  page(
    after: FeedPosition,
    limit: number,
    signal: AbortSignal,
  ): Promise<{ items: CollectedEvent[]; lookedTo: FeedPosition; atEnd: boolean }>;
}

export interface CollectPorts {
  source: CallbackSource;
  deliveries: Pick<DeliveryStore, 'state' | 'collect'>;
  subscriptions: Pick<SubscriptionStore, 'list'>;
  hosts: CallbackHosts;
}

/** Events of a page. */
const PAGE = 200;

/**
 * Creates what turns new events of the feed into deliveries. The deliveries of a page are written in one transaction with
 * the position behind it, so that a kill loses and repeats none. Two instances at once write each page once: the position
 * is compared.
 *
 * Race: a subscription is created while a page is read without it. Creating one counts up `revision`, which is compared as
 * well, so the page is read again with it.
 *
 * @param onWritten called after each page of which deliveries were made
 */
export function createCollect(
  ports: CollectPorts,
  onWritten: () => void = () => {},
): (signal: AbortSignal) => Promise<void> {
  const { source, deliveries, hosts } = ports;
  let known: { revision: number; subscriptions: Subscription[] } | undefined;

  async function subscriptionsAt({ revision }: CollectState): Promise<Subscription[]> {
    if (known?.revision !== revision) {
      known = { revision, subscriptions: await ports.subscriptions.list() };
    }
    return known.subscriptions;
  }

  return async (signal) => {
    for (let atEnd = false; !atEnd && !signal.aborted; ) {
      const state = await deliveries.state();
      const subscriptions = await subscriptionsAt(state);
      const page = await source.page(state.position, PAGE, signal);
      if (page.lookedTo === state.position) return;
      const found = page.items.flatMap((event) => deliveriesOf(event, subscriptions, hosts));
      const written = await deliveries.collect(state, page.lookedTo, found);
      if (written && found.length > 0) onWritten();
      atEnd = page.atEnd && written;
    }
  };
}

function deliveriesOf(
  event: CollectedEvent,
  subscriptions: readonly Subscription[],
  hosts: CallbackHosts,
): NewDelivery[] {
  const { callback, position, ...same } = event;
  const common = { ...same, position, notice: null };
  const found: NewDelivery[] = subscriptions
    .filter(
      ({ events, processKey, after }) =>
        events.includes(event.type) &&
        (processKey === null || processKey === event.processKey) &&
        Number(position) > Number(after),
    )
    .map(({ id, url }) => ({
      ...common,
      id: `${position}-${id}`,
      target: id,
      url,
      host: hostOf(url, hosts),
    }));
  if (callback && (callback.events ?? DEFAULT_EVENTS).includes(event.type)) {
    const { url } = callback;
    const host = hostOf(url, hosts);
    found.push({ ...common, id: `${position}-callback`, target: signingKeyId(host), url, host });
  }
  return found;
}

/** Of a host that is not allowed any more, too: its deliveries are parked. */
export function hostOf(url: string, hosts: CallbackHosts): string {
  const target = hosts.check(url);
  return 'wrong' in target ? new URL(url).host : target.host;
}

/** The types of events that the source reads. */
export const COLLECTED_TYPES: readonly CalledBackEvent[] = CALLBACK_EVENTS;
