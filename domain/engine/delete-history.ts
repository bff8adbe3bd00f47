import type { ProcessKeys } from '../personal-data/index.ts';
import type { EventStore } from '../process/index.ts';
import type { Engine } from './engine.ts';
import { recordedInstances } from './retry-instance.ts';

interface DeleteHistoryPorts {
  eventStore: Pick<EventStore, 'readStream'>;
  engine: Pick<Engine, 'findInstances' | 'deleteHistory'>;
  processKeys: Pick<ProcessKeys, 'noteGoneFromEngine'>;
}

/**
 * Deletes what the engine holds of an erased process: every instance that it knows by the business key, and
 * every one that the events name, with its history; and records that this is done. Safe to do twice.
 *
 * @throws EngineUnavailableError, EngineRefusedError, StoreUnavailableError: there may be something left
 */
export async function deleteHistory(
  correlationId: string,
  { eventStore, engine, processKeys }: DeleteHistoryPorts,
): Promise<void> {
  const events = await eventStore.readStream(correlationId);
  const instances = recordedInstances(events);
  const [first] = events;
  const known = first ? await engine.findInstances(first.processName, correlationId) : [];
  for (const { processInstanceId } of known) instances.add(processInstanceId);
  for (const id of instances) await engine.deleteHistory(id);
  await processKeys.noteGoneFromEngine(correlationId);
}
