import type { EventStore, ProcessStore } from '../../domain/ports.ts';
import { fold, type ProcessState } from '../../domain/process.ts';
import type { ProcessMap } from '../../infrastructure/memory/process-map.ts';

export type FindProcess = (correlationId: string) => Promise<ProcessState | null>;

/**
 * The state of a process from the first place that knows it: memory, process_store, the events
 * themselves. So an accepted process is found from the moment its first event is committed, however
 * far behind the projection is (G7).
 */
export function createFindProcess(ports: {
  processMap: ProcessMap;
  processStore: ProcessStore;
  eventStore: EventStore;
}): FindProcess {
  return async (correlationId) =>
    ports.processMap.get(correlationId) ??
    (await ports.processStore.get(correlationId)) ??
    fold(await ports.eventStore.readStream(correlationId));
}
