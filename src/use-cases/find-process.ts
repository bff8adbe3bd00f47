import type { StoredEvent } from '../../domain/events.ts';
import type { Timestamp } from '../../domain/json.ts';
import type { EventStore } from '../../domain/ports/event-store.ts';
import type { ProcessStore } from '../../domain/ports/process-store.ts';
import { fold, isEnded, isRetryable, type ProcessState } from '../../domain/process.ts';
import type { ProcessMap } from '../../infrastructure/memory/process-map.ts';

/** A state, since when the process is archived if it is, and whether personal values in it are erased. */
export type FoundProcess = ProcessState & { archivedAt?: Timestamp; erased?: true };

export type FindProcess = (correlationId: string) => Promise<FoundProcess | null>;

/**
 * The state of a process from the first place that knows it: memory, process_store, the events
 * themselves. So an accepted process is found from the moment its first event is committed, however
 * far behind the projection is (G7). What process_store takes for pending may have gone on since, and
 * what it takes for failed may have been retried: the events it has not seen are folded in, so that no
 * caller is told less than an earlier one. The archive comes last: the event store looks there when the
 * log has nothing.
 */
export function createFindProcess(ports: {
  processMap: ProcessMap;
  processStore: ProcessStore;
  eventStore: EventStore;
}): FindProcess {
  return async (correlationId) => {
    const inMemory = ports.processMap.get(correlationId);
    if (inMemory) return inMemory;
    const projected = await ports.processStore.get(correlationId);
    if (projected && isEnded(projected) && !isRetryable(projected)) return projected;
    const afterVersion = projected?.version ?? 0;
    return foldFound(await ports.eventStore.readStream(correlationId, { afterVersion }), projected);
  };
}

/** Folds the events of a stream, and keeps in mind where they were found. */
export function foldFound(
  events: readonly StoredEvent[],
  from: ProcessState | null = null,
): FoundProcess | null {
  const state = fold(events, from);
  const archivedAt = events[0]?.archivedAt;
  return state && archivedAt ? { ...state, archivedAt } : state;
}
