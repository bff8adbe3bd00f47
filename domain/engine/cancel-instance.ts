import type { Job } from '../outbox/index.ts';
import { type EventStore, fold } from '../process/index.ts';
import type { Engine } from './engine.ts';

/**
 * Deletes the engine's instances of a cancelled process. Looks by business key as well: the start
 * may have reached the engine without having been recorded yet.
 */
export async function cancelInstance(
  job: Pick<Job, 'correlationId'>,
  { eventStore, engine }: { eventStore: EventStore; engine: Engine },
): Promise<void> {
  const state = fold(await eventStore.readStream(job.correlationId));
  if (state?.error?.kind !== 'cancelled') return;
  const instances = await engine.findInstances(state.processName, job.correlationId);
  for (const instance of instances) {
    if (instance.state === 'active' || instance.state === 'suspended') {
      await engine.cancel(instance.processInstanceId);
    }
  }
}
