import type { EventStore } from './event-store.ts';
import { type FoundProcess, foldStream } from './fold-stream.ts';
import type { ProcessMap } from './process-map.ts';
import { isEnded, type ProcessState } from './process-state.ts';
import type { ProcessStore } from './process-store.ts';

export type FindProcess = (correlationId: string) => Promise<FoundProcess | null>;

/**
 * The state of a process, which is never older than the last event that was committed before it was asked for,
 * by whatever instance (G7).
 *
 * What is in memory may be old: pub/sub loses messages, brings late ones, and an instance that is cut off from it
 * alone tells nobody, nor do the others notice. So it is held against the last version in the log, a look at one
 * index entry, and events that it has not seen are folded in; likewise those that `process_store` has not seen,
 * however far behind the projection is. The archive comes last: the event store looks there when the log has nothing.
 *
 * @param ports `onState` hears of what was found beyond what memory knew, for those who wait for it here
 */
export function createFindProcess(ports: {
  processMap: ProcessMap;
  processStore: ProcessStore;
  eventStore: Pick<EventStore, 'pageStream' | 'lastVersion'>;
  onState?: (state: ProcessState) => void;
}): FindProcess {
  const { processMap, processStore, eventStore, onState } = ports;
  return async (correlationId) => {
    const known = processMap.get(correlationId);
    const last = known ? await eventStore.lastVersion(correlationId) : 0;
    // It may have come while we looked. 0: it was archived a moment ago.
    const newest = last > 0 ? (processMap.get(correlationId) ?? known) : undefined;
    if (newest && newest.version >= last) return newest;
    const from = newest ?? (await processStore.get(correlationId));
    const found = await foldStream(eventStore, correlationId, from);
    // One that has ended and that memory did not know may soon be archived, and would look live for a while.
    if (found && !found.archivedAt && (known || !isEnded(found))) onState?.(found);
    return found;
  };
}
