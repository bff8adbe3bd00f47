import { type Log, logIds } from '../domain/common/index.ts';
import type { Outbox, OutboxRow, Queue } from '../domain/outbox/index.ts';
import { jobsOf } from './event-jobs.ts';

export interface RelayOptions {
  outbox: Outbox;
  queue: Queue;
  log: Pick<Log, 'debug' | 'warn'>;
  /** Milliseconds between two polls for rows that are due. */
  pollMs: number;
  /** Milliseconds for which a claimed row stays hidden from other relays. */
  leaseMs: number;
  /** Rows claimed at once. */
  batch: number;
  /**
   * Whether the queue keeps a job of this event as a dead letter. Its row stays claimed, so that no poll
   * publishes it again, and a stop does not wait for it.
   */
  isDeadLetter?: (eventId: string) => boolean;
}

export interface Relay {
  /** Publishes rows that were just committed with this relay's lease on them. */
  publish(rows: readonly OutboxRow[]): void;
  /** Starts to poll: the safety net for rows whose relay died or failed. */
  start(): void;
  /** Stops polling and waits up to `timeoutMs` for the rows in flight. */
  stop(timeoutMs: number): Promise<void>;
  /** How many rows the queue has and has not acknowledged. */
  inFlight(): number;
}

/** Longest delay before a row is published again after a failure, in milliseconds. */
const MAX_RELEASE_DELAY_MS = 30_000;
/** Rows in flight above which no more are claimed: after a long outage the backlog stays in the table. */
const MAX_IN_FLIGHT = 10_000;
/** While stopping, how often to check whether only dead letters are in flight. */
const DRAIN_INTERVAL_MS = 50;
/** Acknowledged rows are deleted together, and failed ones released together, at most this much later. */
const SETTLE_DELAY_MS = 10;

/** Rows that failed in the same way. */
interface Failed {
  eventIds: string[];
  message: string;
  delay: number;
}

/**
 * Moves events from the outbox to the queue, at least once each.
 *
 * An append writes its outbox rows already leased to the relay of its own process, which gets them
 * after the commit, so the usual row costs no query to find. When that process dies, the lease
 * expires and the poll of any relay claims the row. A row is deleted when the queue has acknowledged
 * all its jobs. Race: a lease may expire while the queue is slow, and the row is then published twice;
 * every job handler is idempotent for that reason.
 */
export function createRelay(options: RelayOptions): Relay {
  const { outbox, queue, log, pollMs, leaseMs, batch, isDeadLetter = () => false } = options;
  const inFlight = new Set<string>();
  let acked: string[] = [];
  let removal: NodeJS.Timeout | undefined;
  /** Rows to release, by delay and message: an outage of Redis fails thousands. */
  let failed = new Map<string, Failed>();
  let release: NodeJS.Timeout | undefined;
  let nextPoll: NodeJS.Timeout | undefined;
  let polling: Promise<void> | undefined;
  let stopped = false;
  let onDone: (() => void) | undefined;

  function publish(given: readonly OutboxRow[]): void {
    // A row comes again while it is in flight when its lease expires during a slow job of the in-process queue.
    const rows = given.filter((row) => !inFlight.has(row.eventId));
    for (const row of rows) inFlight.add(row.eventId);
    const jobs = rows.map(jobsOf);
    const answers = queue.addBulk(jobs.flat());
    let at = 0;
    rows.forEach((row, index) => {
      const count = jobs[index]?.length ?? 0;
      const own = answers.slice(at, at + count);
      at += count;
      Promise.all(own).then(
        () => ack(row),
        (error: unknown) => nack(row, error),
      );
    });
  }

  function ack(row: OutboxRow): void {
    acked.push(row.eventId);
    removal ??= setTimeout(removeAcked, SETTLE_DELAY_MS);
  }

  function removeAcked(): Promise<void> {
    clearTimeout(removal);
    removal = undefined;
    const ids = acked;
    acked = [];
    return (
      outbox
        .remove(ids)
        // The rows stay until their lease expires and are published again: only work is lost.
        .catch((error: unknown) =>
          log.warn({ err: error, rows: ids.length }, 'outbox: rows were not deleted'),
        )
        .finally(() => done(ids))
    );
  }

  function nack(row: OutboxRow, error: unknown): void {
    const delay = Math.min(MAX_RELEASE_DELAY_MS, 1_000 * 2 ** Math.min(row.attempts, 10));
    const message = error instanceof Error ? error.message : String(error);
    const ids = { ...logIds(row.correlationId, row.traceparent), eventId: row.eventId };
    log.debug({ ...ids, delay, error: message }, 'outbox: publishing failed');
    const key = `${delay} ${message}`;
    const alike = failed.get(key);
    if (alike) alike.eventIds.push(row.eventId);
    else failed.set(key, { eventIds: [row.eventId], message, delay });
    release ??= setTimeout(releaseFailed, SETTLE_DELAY_MS);
  }

  async function releaseFailed(): Promise<void> {
    clearTimeout(release);
    release = undefined;
    const groups = [...failed.values()];
    failed = new Map();
    await Promise.all(
      groups.map(({ eventIds, message, delay }) =>
        outbox
          .release(eventIds, message, delay)
          // Their leases expire.
          .catch((error: unknown) =>
            log.warn({ err: error, rows: eventIds.length }, 'outbox: rows were not released'),
          )
          .finally(() => done(eventIds)),
      ),
    );
  }

  function done(ids: readonly string[]): void {
    for (const id of ids) inFlight.delete(id);
    onDone?.();
  }

  async function poll(): Promise<void> {
    try {
      while (!stopped && inFlight.size < MAX_IN_FLIGHT) {
        const rows = await outbox.claim(batch, leaseMs);
        publish(rows);
        if (rows.length < batch) break;
      }
    } catch (error) {
      // The database is away: appends fail too, and readiness reports it. The next poll tries again.
      log.warn({ err: error }, 'outbox: rows cannot be claimed');
    }
    pollIn(pollMs);
  }

  function pollIn(delayMs: number): void {
    if (stopped) return;
    nextPoll = setTimeout(() => {
      polling = poll();
    }, delayMs);
  }

  /** Resolves when the running poll has published what it claimed, and no row but dead letters is in flight. */
  async function drained(): Promise<void> {
    await polling;
    while ([...inFlight].some((eventId) => !isDeadLetter(eventId))) {
      await new Promise<void>((resolve) => {
        onDone = resolve;
        // A job that becomes a dead letter meanwhile is never done.
        setTimeout(resolve, DRAIN_INTERVAL_MS).unref();
      });
    }
  }

  return {
    publish,
    start() {
      pollIn(0);
    },
    async stop(timeoutMs) {
      stopped = true;
      clearTimeout(nextPoll);
      let timer: NodeJS.Timeout | undefined;
      const timeUp = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeoutMs);
      });
      await Promise.race([drained(), timeUp]);
      clearTimeout(timer);
      // Rows that are acknowledged by now need not be published again.
      if (acked.length > 0) await removeAcked();
      if (failed.size > 0) await releaseFailed();
    },
    inFlight: () => inFlight.size,
  };
}
