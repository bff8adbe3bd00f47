import type { Timestamp } from '../common/index.ts';

/** A process that is due, and from which on the list continues. */
export interface DueCursor {
  startedAt: Timestamp;
  correlationId: string;
}

/** The processes that wait for their time (`waitsUntil`). */
export interface DueProcesses {
  /** Those whose time has come by `now`, the earliest first. Fewer than `limit`: there are no more. */
  list(
    now: Timestamp,
    limit: number,
    after?: DueCursor,
    signal?: AbortSignal,
  ): Promise<DueCursor[]>;
}
