import type { JsonObject, Timestamp } from '../common/index.ts';
import type { ProcessState, StoredEvent } from '../process/index.ts';

/**
 * A row of the process store or its archive, as the database holds it. It may be damaged, so nothing is parsed
 * before it is asked for.
 */
export interface ProjectedRow {
  correlationId: string;
  processName: string;
  status: string;
  /** Version of the last event that was folded into it. */
  version: number;
  updatedAt: Timestamp;
  /** When it was archived, or, of a live row, restored: no event says so. */
  movedAt: Timestamp | null;
  /** @throws for a damaged row */
  toState(): ProcessState;
  /** Compares the row with the fold of its events; null when they agree. */
  compare(state: ProcessState): RowDifference | null;
}

export interface RowDifference {
  columns: string[];
  /** What each of them is and should be, without payload. */
  message: string;
}

/** A row that does not exist yet. */
export interface FoldedRow {
  state: ProcessState;
  movedAt: Timestamp | null;
}

/** An event of which only the frame was read; `read` parses its content. */
export interface UnreadEvent {
  id: string | number;
  correlationId: string;
  version: number;
  processName: string;
  /** Null for a live event. */
  archivedAt: Timestamp | null;
  /** The business identifiers of a first event; undefined for others, and for damaged ones. */
  readIdentifiers(): JsonObject | undefined;
  /** @throws for an event that somebody changed, or a newer release wrote */
  read(): StoredEvent;
}
