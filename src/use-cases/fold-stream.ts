import type { EventStore } from '../../domain/ports/event-store.ts';
import { fold, type ProcessState } from '../../domain/process.ts';
import type { FoundProcess } from './find-process.ts';

/** Events, and bytes of them, that are in memory at once. */
const PIECE = { limit: 500, maxBytes: 1_000_000 };

/**
 * The state that the events of a stream lead to, folded page by page: memory does not grow with the stream.
 *
 * @param from the state behind which it goes on
 * @returns null for a stream that has none
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
    const { items, atEnd } = await eventStore.pageStream(correlationId, { ...PIECE, afterVersion });
    const archivedAt = items[0]?.archivedAt;
    state = fold(items, state);
    if (state && archivedAt) state = { ...state, archivedAt };
    if (atEnd) return state;
  }
}
