import { type Clock, cutText, DAY_MS } from '../common/index.ts';
import type { EventStore } from '../process/index.ts';
import type { CallbackHosts } from './callback-hosts.ts';
import type { Delivery, DeliveryStore } from './delivery.ts';
import { payloadOf } from './payload.ts';
import { secretsOf, signedHeaders } from './signature.ts';
import type { SubscriptionStore } from './subscription.ts';

/** Sends one request; it follows no redirect and reads no more of the answer than its head. */
export type SendCallback = (request: {
  url: string;
  isPrivateAllowed: boolean;
  headers: Record<string, string>;
  body: string;
}) => Promise<CallbackAnswer>;

export interface CallbackAnswer {
  status: number;
  /** As it was sent. */
  retryAfter?: string | undefined;
}

export interface SendPorts {
  eventStore: Pick<EventStore, 'readStream'>;
  deliveries: Pick<DeliveryStore, 'done' | 'retryAt' | 'park'>;
  subscriptions: Pick<SubscriptionStore, 'signingKey'>;
  hosts: CallbackHosts;
  send: SendCallback;
  clock: Clock;
  /** From 0 to 1. */
  random: () => number;
  baseSecrets: readonly string[];
  /** Milliseconds before each further try. */
  retryDelays: readonly number[];
}

export type DeliveryOutcome = 'delivered' | 'failed' | 'parked';

/** By how much a delay is lengthened at most, so that deliveries that failed together are not tried together. */
const JITTER = 0.1;
/** Characters of an error that are kept. */
const MAX_ERROR = 500;
/** The receiver is gone (RFC 9110), and Standard Webhooks asks senders to stop. */
const GONE = 410;

/**
 * Sends a delivery that was claimed, and deletes it, plans its next try or parks it.
 *
 * @throws what stands in the way here rather than at the receiver, such as StoreUnavailableError: the claim ends by itself
 */
export async function sendDelivery(
  delivery: Delivery,
  token: string,
  ports: SendPorts,
): Promise<DeliveryOutcome> {
  const { deliveries, clock } = ports;
  const { id } = delivery;
  const target = ports.hosts.check(delivery.url);
  if ('wrong' in target) {
    await deliveries.park(id, token, `its URL ${target.wrong}`);
    return 'parked';
  }
  const event = delivery.notice ? null : await readEvent(delivery, ports);
  const key = await ports.subscriptions.signingKey(delivery.target);
  const body = payloadOf(delivery, event);
  const at = clock();
  const headers = signedHeaders(secretsOf(ports.baseSecrets, delivery.target, key), {
    ...{ id, at, body },
  });
  const { isPrivateAllowed } = target;
  const answer = await ports
    .send({ url: delivery.url, isPrivateAllowed, headers, body })
    .catch((error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }));
  if (!('error' in answer) && answer.status >= 200 && answer.status < 300) {
    await deliveries.done(id);
    return 'delivered';
  }
  const error = cutText('error' in answer ? answer.error : textOf(answer), MAX_ERROR);
  const delay = ports.retryDelays[delivery.attempts];
  if (delay === undefined || (!('error' in answer) && answer.status === GONE)) {
    await deliveries.park(id, token, error);
    return 'parked';
  }
  const planned = delay * (1 + JITTER * ports.random());
  const asked = 'error' in answer ? 0 : readRetryAfter(answer.retryAfter, clock());
  const next = clock() + Math.round(Math.max(planned, asked));
  await deliveries.retryAt(id, token, new Date(next).toISOString(), error);
  return 'failed';
}

async function readEvent(
  { correlationId, version }: Delivery,
  { eventStore }: Pick<SendPorts, 'eventStore'>,
) {
  const page = { afterVersion: version - 1, limit: 1 };
  const [event] = await eventStore.readStream(correlationId, page);
  return event ?? null;
}

function textOf({ status }: CallbackAnswer): string {
  return status >= 300 && status < 400
    ? `it answered ${status}: redirects are not followed`
    : `it answered ${status}`;
}

/** Milliseconds that a `Retry-After` asks for, a day at most. */
function readRetryAfter(text: string | undefined, now: number): number {
  if (text === undefined) return 0;
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), DAY_MS);
}
