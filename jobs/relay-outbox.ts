import { logIds } from '../domain/common/index.ts';
import type { Outbox, OutboxRow, Queue } from '../domain/outbox/index.ts';
import { jobsOf } from './event-jobs.ts';

export interface RelayLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface RelayOptions {
  outbox: Outbox;
  queue: Queue;
  log: RelayLog;
  /** Milliseconds between two looks for rows that nobody handed over. */
  pollMs: number;
  /** Milliseconds a taken row stays hidden from other relays. */
  leaseMs: number;
  /** Rows taken at once. */
  batch: number;
  /**
   * Whether the queue keeps a job of this event as a dead letter. Its row stays taken, so that no look
   * publishes it again, and a stop does not wait for it.
   */
  isDeadLetter?: (eventId: string) => boolean;
}

export interface Relay {
  /** Takes rows that were just committed with this relay's lease on them: the nudge. */
  offer(rows: readonly OutboxRow[]): void;
  /** Starts to poll: the safety net for rows whose relay died or failed. */
  start(): void;
  /** Stops polling and waits up to `timeoutMs` for what is under way. */
  stop(timeoutMs: number): Promise<void>;
  /** Rows handed to the queue that it has not answered for. */
  inFlight(): number;
}

/** Longest pause before a row is published again after a failure, in milliseconds. */
const MAX_RELEASE_MS = 30_000;
/** Rows under way above which no more are taken: after a long outage the backlog stays in the table. */
const MAX_IN_FLIGHT = 10_000;
/** Milliseconds between two looks, while stopping, whether only dead letters are left. */
const IDLE_MS = 50;
/** Published rows are deleted together after at most this many milliseconds: it is off the hot path. */
const REMOVE_EVERY_MS = 10;

/**
 * Moves events from the outbox to the queue, at least once each.
 *
 * An append writes its outbox rows already leased to the relay of its own process and hands them
 * over after the commit, so the usual row costs no query to find. When that process dies, the lease
 * lapses and the poll of any relay picks the row up. A row is deleted when the queue has answered for
 * all its jobs. Races: a lease may lapse while the queue is slow, then a row is published twice;
 * every job handler is idempotent for that reason.
 */
export function createRelay(options: RelayOptions): Relay {
  const { outbox, queue, log, pollMs, leaseMs, batch, isDeadLetter = () => false } = options;
  const flying = new Set<string>();
  let published: string[] = [];
  let removal: NodeJS.Timeout | undefined;
  let poll: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  let stopped = false;
  let idle: (() => void) | undefined;

  function offer(offered: readonly OutboxRow[]): void {
    // Polled again while still under way: the lease lapsed on a slow job that runs in here.
    const rows = offered.filter((row) => !flying.has(row.eventId));
    for (const row of rows) flying.add(row.eventId);
    const jobs = rows.map(jobsOf);
    const answers = queue.addBulk(jobs.flat());
    let at = 0;
    rows.forEach((row, index) => {
      const count = jobs[index]?.length ?? 0;
      const own = answers.slice(at, at + count);
      at += count;
      Promise.all(own).then(
        () => settle(row),
        (error: unknown) => giveBack(row, error),
      );
    });
  }

  function settle(row: OutboxRow): void {
    published.push(row.eventId);
    removal ??= setTimeout(removePublished, REMOVE_EVERY_MS);
  }

  function removePublished(): Promise<void> {
    clearTimeout(removal);
    removal = undefined;
    const ids = published;
    published = [];
    return (
      outbox
        .remove(ids)
        // The rows stay, their lease lapses, they are published again: only work is lost.
        .catch((error: unknown) =>
          log.warn({ err: error, rows: ids.length }, 'outbox: not removed'),
        )
        .finally(() => land(ids))
    );
  }

  function giveBack(row: OutboxRow, error: unknown): void {
    const delay = Math.min(MAX_RELEASE_MS, 1_000 * 2 ** Math.min(row.attempts, 10));
    const message = error instanceof Error ? error.message : String(error);
    const ids = { ...logIds(row.correlationId, row.traceparent), eventId: row.eventId };
    log.debug({ ...ids, delay, error: message }, 'outbox: publishing failed');
    outbox
      .release([row.eventId], message, delay)
      .catch((cause: unknown) => log.warn({ ...ids, err: cause }, 'outbox: not released'))
      .finally(() => land([row.eventId]));
  }

  function land(ids: readonly string[]): void {
    for (const id of ids) flying.delete(id);
    idle?.();
  }

  async function look(): Promise<void> {
    try {
      while (!stopped && flying.size < MAX_IN_FLIGHT) {
        const rows = await outbox.claim(batch, leaseMs);
        offer(rows);
        if (rows.length < batch) break;
      }
    } catch (error) {
      // The database is away; appends fail too, and readiness says so. The next look tries again.
      log.warn({ err: error }, 'outbox: cannot be read');
    }
    lookIn(pollMs);
  }

  function lookIn(pause: number): void {
    if (stopped) return;
    poll = setTimeout(() => {
      looking = look();
    }, pause);
  }

  /** Until the look that is under way has offered what it took, and all that was offered has landed. */
  async function drained(): Promise<void> {
    await looking;
    while ([...flying].some((eventId) => !isDeadLetter(eventId))) {
      await new Promise<void>((resolve) => {
        idle = resolve;
        // Nobody says so when a job is given up meanwhile.
        setTimeout(resolve, IDLE_MS).unref();
      });
    }
  }

  return {
    offer,
    start() {
      lookIn(0);
    },
    async stop(timeoutMs) {
      stopped = true;
      clearTimeout(poll);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeoutMs);
      });
      await Promise.race([drained(), late]);
      clearTimeout(timer);
      // Out of time: what is published by now need not be published again.
      if (published.length > 0) await removePublished();
    },
    inFlight: () => flying.size,
  };
}
