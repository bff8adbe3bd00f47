import type { Job } from '../outbox/index.ts';
import { type EventStore, readProcess } from '../process/index.ts';
import type { Engine } from './engine.ts';

export interface CancelInstancePorts {
  eventStore: EventStore;
  engine: Engine;
}

/**
 * Deletes the engine's instances of a cancelled process. Looks by business key as well: the start
 * may have reached the engine without having been recorded yet.
 */
export async function cancelInstance(
  job: Pick<Job, 'correlationId'>,
  { eventStore, engine }: CancelInstancePorts,
): Promise<void> {
  const { state } = await readProcess(eventStore, job.correlationId);
  if (state?.error?.kind !== 'cancelled') return;
  const instances = await engine.findInstances(state.processName, job.correlationId);
  for (const instance of instances) {
    if (instance.state === 'active' || instance.state === 'suspended') {
      await engine.cancel(instance.processInstanceId);
    }
  }
}
