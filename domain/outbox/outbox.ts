import type { Timestamp } from '../common/index.ts';
import type { EventType } from '../process/index.ts';

/** An event that has still to be published. */
export interface OutboxRow {
  eventId: string;
  correlationId: string;
  eventType: EventType;
  /** The event is the completion of a user task, which the engine has to get. */
  isUserTask?: boolean | undefined;
  /** How often it was claimed before. */
  attempts: number;
  /** Of the event's identity: a process keeps its trace through restarts. */
  traceparent?: string | undefined;
  /** When the event was written. */
  createdAt?: Timestamp | undefined;
  /** A caller waits for the process; not stored: a row that was claimed by a poll is like any other. */
  urgent?: true | undefined;
}

/** The outbox counts no more rows than this. */
export const MAX_COUNTED_ROWS = 100_000;

/**
 * The longest time for which a row is hidden, in milliseconds, unless leases are longer. A row that is hidden for
 * longer, with a margin, was hidden by a clock that has been set back since.
 */
const MAX_HIDDEN_MS = 30_000;
const CLOCK_MARGIN_MS = 60_000;

/** How far in the future a hidden row may become due; one that is hidden beyond that is due now. */
export function maxHidden(leaseMs: number): number {
  return Math.max(leaseMs, MAX_HIDDEN_MS) + CLOCK_MARGIN_MS;
}

export interface Outbox {
  /**
   * Claims up to `limit` rows that are due and hides them for `leaseMs`, oldest first. Two callers never
   * claim the same row at once. Rows that are hidden beyond `maxHidden(leaseMs)` are due as well: when the
   * clock is set back by an hour, they do not wait for an hour.
   */
  claim(limit: number, leaseMs: number): Promise<OutboxRow[]>;
  /** Deletes published rows. */
  remove(eventIds: readonly string[]): Promise<void>;
  /** Releases rows after a failure, due again in `delayMs`. */
  release(eventIds: readonly string[], error: string, delayMs: number): Promise<void>;
  /** Makes every row due now: at the start of a process that is the only relay. Returns how many. */
  releaseAll(): Promise<number>;
  /**
   * Rows waiting, and the age of the oldest in milliseconds (0 when empty). Counts up to
   * MAX_COUNTED_ROWS, so that asking costs the same in the middle of an outage.
   */
  depth(): Promise<{ rows: number; oldestAgeMs: number }>;
}
