import type { ProcessKeys } from '../personal-data/index.ts';
import type { EventStore } from '../process/index.ts';
import type { Engine } from './engine.ts';

export interface ForgetPorts {
  eventStore: Pick<EventStore, 'readStream'>;
  engine: Pick<Engine, 'findInstances' | 'forget'>;
  processKeys: Pick<ProcessKeys, 'noteGoneFromEngine'>;
}

/**
 * Deletes what the engine holds of an erased process: every instance that it knows by the business key, and
 * every one that the events name, with its history; and notes that it is done. Safe to do twice.
 *
 * @throws EngineUnavailableError, EngineRefusedError, StoreUnavailableError: there may be something left
 */
export async function forgetInstances(
  correlationId: string,
  { eventStore, engine, processKeys }: ForgetPorts,
): Promise<void> {
  const events = await eventStore.readStream(correlationId);
  const instances = new Set(
    events.flatMap((event) =>
      event.type === 'process-started' ? [event.data.processInstanceId] : [],
    ),
  );
  const [first] = events;
  const known = first ? await engine.findInstances(first.processName, correlationId) : [];
  for (const { processInstanceId } of known) instances.add(processInstanceId);
  for (const id of instances) await engine.forget(id);
  await processKeys.noteGoneFromEngine(correlationId);
}
