import {
  CALLBACK_EVENTS,
  type CollectPorts,
  createCollect,
  type DeliveryOutcome,
  type DeliveryStore,
  type NoticePorts,
  type SendPorts,
  sendDelivery,
  watchNotices,
} from '../domain/callbacks/index.ts';
import { type Log, sleep } from '../domain/common/index.ts';
import type { StoredEvent } from '../domain/process/index.ts';

type Deliveries = CollectPorts['deliveries'] &
  SendPorts['deliveries'] &
  NoticePorts['deliveries'] &
  Pick<DeliveryStore, 'claim'>;

export interface DelivererOptions
  extends Omit<CollectPorts & SendPorts & NoticePorts, 'deliveries' | 'subscriptions'> {
  deliveries: Deliveries;
  subscriptions: CollectPorts['subscriptions'] & SendPorts['subscriptions'];
  newId: () => string;
  log: Pick<Log, 'debug' | 'warn'>;
  /** Milliseconds between two polls: what other instances write, and deliveries that are due again. */
  pollMs: number;
  /** Milliseconds between two looks for processes that became slow and jobs that failed finally. */
  noticeMs: number;
  /** Milliseconds for which a claimed delivery is hidden from other instances; longer than a request may take. */
  leaseMs: number;
  /** Called after each try. */
  onTried?: (outcome: DeliveryOutcome, type: string, createdAt: string) => void;
}

export interface Deliverer {
  /** For the events of each commit: deliveries of these are made at once. */
  onCommitted(events: readonly Pick<StoredEvent, 'type'>[]): void;
  start(): void;
  /** Starts no more requests, and waits up to `timeoutMs` for those in flight. */
  stop(timeoutMs: number): Promise<void>;
}

/** Requests in flight over all hosts. */
const MAX_IN_FLIGHT = 64;
/** Requests in flight to a host from which on no more are claimed for it: one that hangs must not stop the others. */
const MAX_PER_HOST = 16;
const TYPES: ReadonlySet<string> = new Set(CALLBACK_EVENTS);

/**
 * Turns the events of the feed into deliveries and sends them, at least once each. It is woken by the commits of its own
 * process and polls for the rest. Every service instance with the role runs it: the position in the feed is compared when
 * it is moved, and deliveries are claimed.
 *
 * Race: a lease may expire while a request is in flight when this process is suspended; the delivery is then sent twice,
 * with the same `webhook-id`.
 */
export function createDeliverer(options: DelivererOptions): Deliverer {
  const { deliveries, log, pollMs, noticeMs, leaseMs, clock, newId } = options;
  const collect = createCollect(options, pump);
  const stopping = new AbortController();
  const { signal } = stopping;
  const inFlight = new Map<string, Promise<void>>();
  const perHost = new Map<string, number>();
  let collecting: Promise<void> | undefined;
  let again = false;
  let sending: Promise<void> | undefined;
  let more = false;
  let timer: NodeJS.Timeout | undefined;
  let watching: Promise<void> | undefined;

  /** One run at a time; what comes meanwhile is seen by one more. */
  function wake(): void {
    again = true;
    if (signal.aborted) return;
    collecting ??= collectAll().finally(() => {
      collecting = undefined;
      if (again) wake();
    });
  }

  async function collectAll(): Promise<void> {
    try {
      while (again && !signal.aborted) {
        again = false;
        await collect(signal);
      }
    } catch (error) {
      // The database is away; readiness reports it. The next poll tries again.
      again = false;
      if (!signal.aborted) log.warn({ err: error }, 'callbacks: the feed cannot be read');
    }
  }

  function pump(): void {
    more = true;
    if (signal.aborted) return;
    sending ??= claimAll().finally(() => {
      sending = undefined;
      if (more) pump();
    });
  }

  async function claimAll(): Promise<void> {
    try {
      while (more && !signal.aborted) {
        more = false;
        const limit = Math.min(MAX_PER_HOST, MAX_IN_FLIGHT - inFlight.size);
        // Whatever ends next pumps again.
        if (limit <= 0) return;
        const token = newId();
        const hiddenUntil = new Date(clock() + leaseMs).toISOString();
        const busy = [...perHost].flatMap(([host, n]) => (n >= MAX_PER_HOST ? host : []));
        const claimed = await deliveries.claim({ limit, token, hiddenUntil, exceptHosts: busy });
        for (const delivery of claimed) begin(delivery, token);
        more ||= claimed.length === limit;
      }
    } catch (error) {
      more = false;
      if (!signal.aborted) log.warn({ err: error }, 'callbacks: deliveries cannot be claimed');
    }
  }

  function begin(delivery: Parameters<typeof sendDelivery>[0], token: string): void {
    const { id, host, correlationId, type } = delivery;
    perHost.set(host, (perHost.get(host) ?? 0) + 1);
    const sent = sendDelivery(delivery, token, options)
      .then(
        (outcome) => {
          options.onTried?.(outcome, type, delivery.createdAt);
          if (outcome !== 'parked') return;
          log.warn({ correlationId, deliveryId: id, type, host }, 'a callback is parked');
        },
        // Its lease expires, and it is sent again.
        (error: unknown) => log.warn({ correlationId, err: error }, 'a callback was not recorded'),
      )
      .finally(() => {
        inFlight.delete(token + id);
        const left = (perHost.get(host) ?? 1) - 1;
        if (left === 0) perHost.delete(host);
        else perHost.set(host, left);
        pump();
      });
    inFlight.set(token + id, sent);
  }

  async function watch(): Promise<void> {
    while (!signal.aborted) {
      try {
        if ((await watchNotices(options, signal)) > 0) pump();
      } catch (error) {
        if (!signal.aborted) log.warn({ err: error }, 'callbacks: notices cannot be looked for');
      }
      await sleep(noticeMs, signal);
    }
  }

  return {
    onCommitted(events) {
      if (events.some(({ type }) => TYPES.has(type))) setImmediate(wake);
    },
    start() {
      wake();
      timer = setInterval(() => {
        wake();
        pump();
      }, pollMs);
      watching = watch();
    },
    async stop(timeoutMs) {
      stopping.abort();
      clearInterval(timer);
      const done = Promise.all([collecting, sending, watching, ...inFlight.values()]);
      let timeUp: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timeUp = setTimeout(resolve, timeoutMs);
      });
      await Promise.race([done, late]);
      clearTimeout(timeUp);
    },
  };
}
