import type { EventStore } from './event-store.ts';
import { type FoundProcess, foldStream } from './fold-stream.ts';
import type { ProcessMap } from './process-map.ts';
import { isEnded, type ProcessState } from './process-state.ts';
import type { ProcessStore } from './process-store.ts';

export type FindProcess = (correlationId: string) => Promise<FoundProcess | null>;

/**
 * Finds the state of a process. It is never older than the last event that any service instance committed before
 * the call (G7).
 *
 * The state in memory may be old: pub/sub loses messages, delivers late ones, and an instance that is cut off from it
 * does not notify the others, nor do they notice. So its version is compared with the last one in the log, which reads
 * one index entry, and newer events are folded in; likewise those that `process_store` does not have,
 * however far behind the projection is. The archive comes last: the event store reads it when the log has nothing.
 *
 * @param ports `onState` is called with a state that is newer than the one in memory, for those who wait for it here
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
    // A newer state may have arrived during the read. 0: the process was archived a moment ago.
    const newest = last > 0 ? (processMap.get(correlationId) ?? known) : undefined;
    if (newest && newest.version >= last) return newest;
    const from = newest ?? (await processStore.get(correlationId));
    const found = await foldStream(eventStore, correlationId, from);
    // An ended process that was not in memory may soon be archived, and would look live for a while.
    if (found && !found.archivedAt && (known || !isEnded(found))) onState?.(found);
    return found;
  };
}
