import type { Timestamp } from '../common/index.ts';
import type { EventType } from '../process/index.ts';

/** An event that has still to be published. */
export interface OutboxRow {
  eventId: string;
  correlationId: string;
  eventType: EventType;
  /** How often it was taken before. */
  attempts: number;
  /** Of the event's identity: a process keeps its trace through restarts. */
  traceparent?: string | undefined;
  /** When the event was written. */
  createdAt?: Timestamp | undefined;
}

/** Where the outbox stops counting its rows. */
export const MAX_COUNTED_ROWS = 100_000;

/**
 * Milliseconds for which a row is hidden at most, when leases are no longer than that; beyond it and some time to
 * spare, a row was hidden by a clock that has been set back since.
 */
const MAX_HIDDEN_MS = 30_000;
const CLOCK_MARGIN_MS = 60_000;

/** How far in the future a row may become due that is to be waited for; one beyond that is due now. */
export function longestHidden(leaseMs: number): number {
  return Math.max(leaseMs, MAX_HIDDEN_MS) + CLOCK_MARGIN_MS;
}

export interface Outbox {
  /**
   * Takes up to `limit` rows that are due and hides them for `leaseMs`, oldest first. A row is never
   * taken by two callers at once. Rows that are hidden beyond `longestHidden(leaseMs)` are due as well: should the
   * clock be set back by an hour, they do not wait for an hour.
   */
  claim(limit: number, leaseMs: number): Promise<OutboxRow[]>;
  /** Forgets published rows. */
  remove(eventIds: readonly string[]): Promise<void>;
  /** Gives rows back after a failure, due again in `delayMs`. */
  release(eventIds: readonly string[], error: string, delayMs: number): Promise<void>;
  /** Makes every row due now: at the start of a process that is the only relay. Returns how many. */
  releaseAll(): Promise<number>;
  /**
   * Rows waiting, and the age of the oldest in milliseconds (0 when empty). Counts up to
   * MAX_COUNTED_ROWS, so that asking costs the same in the middle of an outage.
   */
  depth(): Promise<{ rows: number; oldestAgeMs: number }>;
}
