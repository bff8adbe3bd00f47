import type { JsonObject, Timestamp } from '../common/index.ts';
import type { FeedPosition } from '../feed/index.ts';
import type { SubscriptionEvent } from './callback-events.ts';

export const DELIVERY_STATUSES = ['pending', 'parked'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** Something that is to be sent to one receiver. */
export interface NewDelivery {
  /** The `webhook-id`, the same at each try. */
  id: string;
  /** Id of the subscription, or `callback:<host>` for the callback of a start. */
  target: string;
  url: string;
  host: string;
  type: SubscriptionEvent;
  correlationId: string;
  processKey: string;
  /** Of the event, in the feed; '0' for a notice. */
  position: FeedPosition;
  /** Of the event, in its stream; 0 for a notice. */
  version: number;
  /** What a notice says; null for an event, which is read from its stream when it is sent. */
  notice: JsonObject | null;
}

/** A delivery that is not done: a done one is deleted. */
export interface Delivery extends NewDelivery {
  /** Tries that failed, since it was written or replayed. */
  attempts: number;
  status: DeliveryStatus;
  /** When it is tried next. */
  nextAt: Timestamp;
  /** Of the last try; null before the first one has failed. */
  lastError: string | null;
  createdAt: Timestamp;
}

/** How far the feed was turned into deliveries. */
export interface CollectState {
  position: FeedPosition;
  /** Counts up whenever a subscription is created or removed. */
  revision: number;
}

export interface DeliveryFilter {
  status?: DeliveryStatus | undefined;
  target?: string | undefined;
  correlationId?: string | undefined;
}

export interface DeliveryCounts {
  pending: number;
  parked: number;
  /** Milliseconds since the oldest pending one was written; 0 without one. */
  oldestPendingMs: number;
}

/**
 * Deliveries and the position up to which they were made, in the database: any service instance continues them. All of
 * it throws StoreUnavailableError.
 */
export interface DeliveryStore {
  state(): Promise<CollectState>;
  /**
   * Writes deliveries and moves the position, in one transaction.
   *
   * @returns false, with nothing written, when the state is not `from` any more
   */
  collect(
    from: CollectState,
    to: FeedPosition,
    deliveries: readonly NewDelivery[],
  ): Promise<boolean>;
  /** Writes notices that were not written before, by their ids; returns those. */
  addNotices(notices: readonly NewDelivery[]): Promise<NewDelivery[]>;
  /**
   * Takes deliveries that are due and whose predecessor (same process, same target) is not pending; they are hidden from
   * others until `hiddenUntil`.
   *
   * @param token of this claim
   * @param exceptHosts to which enough is in flight
   */
  claim(options: {
    limit: number;
    token: string;
    hiddenUntil: Timestamp;
    exceptHosts: readonly string[];
  }): Promise<Delivery[]>;
  /** Deletes it: the receiver has it. */
  done(id: string): Promise<void>;
  /** Keeps a delivery that failed, unless another instance has taken it meanwhile. */
  retryAt(id: string, token: string, nextAt: Timestamp, error: string): Promise<void>;
  park(id: string, token: string, error: string): Promise<void>;
  /** Makes what a killed predecessor has claimed due again. Only for an instance that is alone. */
  releaseAll(): Promise<void>;
  /** By id; `after` is the id of the last one of the page before. */
  list(filter: DeliveryFilter, limit: number, after?: string): Promise<Delivery[]>;
  /** Makes parked deliveries due with all their tries; returns how many. */
  replay(filter: Omit<DeliveryFilter, 'status'> & { id?: string | undefined }): Promise<number>;
  counts(): Promise<DeliveryCounts>;
}
