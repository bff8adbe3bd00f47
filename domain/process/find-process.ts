import { setTimeout as sleep } from 'node:timers/promises';
import type { EventStore } from './event-store.ts';
import { type FoundProcess, foldStream } from './fold-stream.ts';
import type { ProcessMap } from './process-map.ts';
import { isEnded, type ProcessState } from './process-state.ts';
import type { ProcessStore } from './process-store.ts';
import type { Waiter } from './waitroom.ts';

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

/** Milliseconds that the last look of a wait may take: the caller is to have its answer. */
const LAST_LOOK_MS = 1_000;

/**
 * What a wait for an end comes to: what the waiter was told, or when that is nothing, what there is, for the news may
 * have been lost. Null when that is not to be had in time: the process is there, and not known to have ended.
 */
export async function endOf(
  waiter: Pick<Waiter, 'ended'>,
  correlationId: string,
  findProcess: FindProcess,
): Promise<ProcessState | null> {
  const told = await waiter.ended;
  if (told) return told;
  const late = new AbortController();
  const found = findProcess(correlationId).catch(() => null);
  const none = sleep(LAST_LOOK_MS, null, { signal: late.signal }).catch(() => null);
  return Promise.race([found, none]).finally(() => late.abort());
}
