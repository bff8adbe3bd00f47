import { type AuditAction, type AuditDetails, type AuditLog, audited } from '../audit/index.ts';
import type { Clock } from '../common/index.ts';
import type { EventFeed } from '../feed/index.ts';
import { DEFAULT_EVENTS, type SubscriptionEvent } from './callback-events.ts';
import type { CallbackHosts } from './callback-hosts.ts';
import type { DeliveryFilter, DeliveryStore } from './delivery.ts';
import { type SigningSecret, secretsOf } from './signature.ts';
import {
  type SigningKey,
  type Subscription,
  type SubscriptionStore,
  signingKeyId,
} from './subscription.ts';

export interface NewSubscription {
  url: string;
  events?: readonly SubscriptionEvent[] | undefined;
  processKey?: string | undefined;
}

/** What asking about a secret answers. */
export type SecretsAnswer =
  | { kind: 'known'; secrets: SigningSecret[] }
  /** Rotated while two are valid, or retired while one is. */
  | { kind: 'refused'; secrets: SigningSecret[] }
  | { kind: 'unknown' };

/** What administrators do with subscriptions and deliveries; the audit log tells of all but reads of lists. */
export interface Subscriptions {
  /** Why this URL cannot be called back, as the rest of a sentence; null when it can. */
  refuse(url: string): string | null;
  /** @throws RangeError with the reason when the URL is refused */
  create(
    wanted: NewSubscription,
    actor: string,
  ): Promise<{ subscription: Subscription; secrets: SigningSecret[] }>;
  list(): Promise<Subscription[]>;
  get(id: string): Promise<Subscription | null>;
  remove(id: string, actor: string): Promise<boolean>;
  /** @param id of a subscription, or `callback:<host>` for callbacks of starts */
  secrets(id: string, actor: string): Promise<SecretsAnswer>;
  /** Makes a new secret valid beside the one before. */
  rotate(id: string, actor: string): Promise<SecretsAnswer>;
  /** Ends the validity of the secret before the newest. */
  retire(id: string, actor: string): Promise<SecretsAnswer>;
  deliveries: DeliveryStore['list'];
  replay(
    filter: Omit<DeliveryFilter, 'status'> & { id?: string | undefined },
    actor: string,
  ): Promise<number>;
}

/** @param details what the audit log says besides */
export function createSubscriptions(
  ports: {
    subscriptionStore: SubscriptionStore;
    deliveryStore: Pick<DeliveryStore, 'list' | 'replay'>;
    eventFeed: Pick<EventFeed, 'head'>;
    auditLog: Pick<AuditLog, 'append'>;
  },
  options: {
    hosts: CallbackHosts;
    baseSecrets: readonly string[];
    clock: Clock;
    newId: () => string;
    details?: AuditDetails;
  },
): Subscriptions {
  const { subscriptionStore, deliveryStore, eventFeed, auditLog } = ports;
  const { hosts, baseSecrets, clock, newId, details = {} } = options;

  function refuse(url: string): string | null {
    if (!hosts.isOn) return 'is not allowed: callbacks are off, because CALLBACK_HOSTS is empty';
    const target = hosts.check(url);
    return 'wrong' in target ? target.wrong : null;
  }

  async function isKnown(id: string): Promise<boolean> {
    const host = /^callback:(.+)$/.exec(id)?.[1];
    if (host === undefined) return (await subscriptionStore.get(id)) !== null;
    return ['https', 'http'].some((scheme) => {
      const url = `${scheme}://${host}/`;
      const target = URL.canParse(url) ? hosts.check(url) : { wrong: '' };
      return !('wrong' in target) && signingKeyId(target.host) === id;
    });
  }

  const act = <Result>(
    action: AuditAction,
    actor: string,
    subject: string | undefined,
    more: AuditDetails,
    work: () => Promise<Result>,
    isDone: (result: Result) => boolean = () => true,
    endDetails: (result: Result) => AuditDetails = () => ({}),
  ): Promise<Result> =>
    audited(
      auditLog,
      {
        ...{ action, actor, details: { ...more, ...details } },
        ...(subject === undefined ? {} : { subject }),
      },
      work,
      (result) => ({
        outcome: isDone(result) ? 'done' : 'refused',
        details: endDetails(result),
      }),
    );

  function change(
    id: string,
    actor: string,
    how: 'rotate' | 'retire',
    next: (key: SigningKey) => SigningKey | null,
  ): Promise<SecretsAnswer> {
    return act(
      'subscription-secret',
      actor,
      id,
      { how },
      async (): Promise<SecretsAnswer> => {
        if (!(await isKnown(id))) return { kind: 'unknown' };
        const from = await subscriptionStore.signingKey(id);
        const to = next(from);
        const changed = to !== null && (await subscriptionStore.changeKey(id, from, to));
        const now = changed ? to : await subscriptionStore.signingKey(id);
        const secrets = secretsOf(baseSecrets, id, now);
        return { kind: changed ? 'known' : 'refused', secrets };
      },
      ({ kind }) => kind === 'known',
    );
  }

  return {
    refuse,
    async create({ url, events = DEFAULT_EVENTS, processKey }, actor) {
      const wrong = refuse(url);
      if (wrong !== null) throw new RangeError(wrong);
      const subscription: Subscription = {
        id: newId(),
        url,
        events: [...new Set(events)],
        processKey: processKey ?? null,
        after: await eventFeed.head(),
        createdAt: new Date(clock()).toISOString(),
        createdBy: actor,
      };
      const { id } = subscription;
      const about = { url, events: [...subscription.events], processKey: processKey ?? null };
      await act('subscription-create', actor, id, about, () =>
        subscriptionStore.create(subscription),
      );
      const key = await subscriptionStore.signingKey(id);
      return { subscription, secrets: secretsOf(baseSecrets, id, key) };
    },
    list: () => subscriptionStore.list(),
    get: (id) => subscriptionStore.get(id),
    remove: (id, actor) =>
      act('subscription-remove', actor, id, {}, () => subscriptionStore.remove(id), Boolean),
    secrets: (id, actor) =>
      act(
        'subscription-secret',
        actor,
        id,
        { how: 'show' },
        async (): Promise<SecretsAnswer> => {
          if (!(await isKnown(id))) return { kind: 'unknown' };
          const key = await subscriptionStore.signingKey(id);
          return { kind: 'known', secrets: secretsOf(baseSecrets, id, key) };
        },
        ({ kind }) => kind === 'known',
      ),
    rotate: (id, actor) =>
      change(id, actor, 'rotate', ({ generation, oldest }) =>
        generation > oldest ? null : { generation: generation + 1, oldest: generation },
      ),
    retire: (id, actor) =>
      change(id, actor, 'retire', ({ generation, oldest }) =>
        generation > oldest ? { generation, oldest: generation } : null,
      ),
    deliveries: deliveryStore.list,
    replay: ({ id, target, correlationId }, actor) =>
      act(
        'replay-deliveries',
        actor,
        id ?? target ?? correlationId,
        Object.fromEntries(
          Object.entries({ id, target, correlationId }).filter(([, value]) => value !== undefined),
        ) as AuditDetails,
        () => deliveryStore.replay({ id, target, correlationId }),
        (replayed) => replayed > 0,
        (replayed) => ({ replayed }),
      ),
  };
}
