import type { Timestamp } from '../common/index.ts';
import type { EventStore } from './event-store.ts';
import type { StoredEvent } from './events.ts';
import { fold, type ProcessState } from './process-state.ts';

/** A state. `archivedAt`: the process is archived since then; `erased`: personal values in it are erased. */
export type FoundProcess = ProcessState & { archivedAt?: Timestamp; erased?: true };

/** How much of a stream is in memory at once. */
const PAGE = { limit: 500, maxBytes: 1_000_000 };

/**
 * The state that the events of a stream lead to, folded page by page: memory does not grow with the stream.
 *
 * @param from the state before the first event that is read; left out: the whole stream is folded
 * @returns null when the stream has no events
 * @throws StoreUnavailableError
 */
export async function foldStream(
  eventStore: Pick<EventStore, 'pageStream'>,
  correlationId: string,
  from: ProcessState | null = null,
): Promise<FoundProcess | null> {
  let state: FoundProcess | null = from;
  for (;;) {
    const afterVersion: number = state?.version ?? 0;
    const { items, atEnd } = await eventStore.pageStream(correlationId, { ...PAGE, afterVersion });
    const archivedAt = items[0]?.archivedAt;
    state = fold(items, state);
    if (state && archivedAt) state = { ...state, archivedAt };
    if (atEnd) return state;
  }
}

/** Folds the events of a stream, and keeps whether they are archived. */
export function foldFound(
  events: readonly StoredEvent[],
  from: ProcessState | null = null,
): FoundProcess | null {
  const state = fold(events, from);
  const archivedAt = events[0]?.archivedAt;
  return state && archivedAt ? { ...state, archivedAt } : state;
}
