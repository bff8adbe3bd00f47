import type { Timestamp } from '../common/index.ts';
import type { FeedPosition } from '../feed/index.ts';
import type { SubscriptionEvent } from './callback-events.ts';

/** What somebody wants to be called back for, of all processes or of one definition. */
export interface Subscription {
  id: string;
  url: string;
  events: readonly SubscriptionEvent[];
  /** Null: of all definitions. */
  processKey: string | null;
  /** Events behind this position of the feed are delivered. */
  after: FeedPosition;
  createdAt: Timestamp;
  /** The actor. */
  createdBy: string;
}

/** Which generations of a secret are valid: two while receivers take the new one over, else one. */
export interface SigningKey {
  generation: number;
  oldest: number;
}

export const FIRST_KEY: SigningKey = { generation: 1, oldest: 1 };

/** What callbacks of starts to a host are signed by; a receiver cannot sign for another host. */
export function signingKeyId(host: string): string {
  return `callback:${host}`;
}

/** Subscriptions and the generations of secrets, in the database. All of it throws StoreUnavailableError. */
export interface SubscriptionStore {
  create(subscription: Subscription): Promise<void>;
  /** The oldest first. */
  list(): Promise<Subscription[]>;
  get(id: string): Promise<Subscription | null>;
  /**
   * Removes it with its deliveries.
   *
   * @returns false when there is no such subscription
   */
  remove(id: string): Promise<boolean>;
  signingKey(keyId: string): Promise<SigningKey>;
  /** Replaces the generations; false when they are not `from` any more. */
  changeKey(keyId: string, from: SigningKey, to: SigningKey): Promise<boolean>;
}
