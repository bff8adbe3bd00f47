import type { EventRow } from '../sql/columns.ts';

/** What a new event needs to know of the one before it. */
export type LastEvent = Pick<EventRow, 'version' | 'hash' | 'created_at'>;

/** A tail takes about 300 bytes. */
const MAX_TAILS = 20_000;

/**
 * The last event of each stream that runs, as the current transaction has it. Like `RecentStreams` only for a process
 * that is the only one to append to the file, and only from a stream's first event up to its end: the archive may move
 * a stream that has ended.
 */
export interface StreamTails {
  get(correlationId: string): LastEvent | undefined;
  set(correlationId: string, last: LastEvent): void;
  drop(correlationId: string): void;
  /** After a rollback: the transaction may have written what is known. */
  clear(): void;
}

export function createStreamTails(max = MAX_TAILS): StreamTails {
  const tails = new Map<string, LastEvent>();
  return {
    get: (correlationId) => tails.get(correlationId),
    set(correlationId, last) {
      tails.set(correlationId, last);
      if (tails.size <= max) return;
      // The keys of a map are in the order in which they were added: the stream that began first leaves.
      for (const oldest of tails.keys()) {
        tails.delete(oldest);
        return;
      }
    },
    drop: (correlationId) => void tails.delete(correlationId),
    clear: () => tails.clear(),
  };
}
