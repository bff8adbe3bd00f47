import type { Job } from '../domain/outbox/index.ts';
import type { Notifier, ProcessStore } from '../domain/process/index.ts';

/**
 * Brings `process_store` up to the stream and tells every instance. What the job says does not
 * matter beyond its correlation id: the fold starts at the stored version, so a job that comes
 * twice, late or before its elder changes nothing it should not.
 */
export async function projectProcess(
  job: Pick<Job, 'correlationId'>,
  ports: { processStore: ProcessStore; notifier: Notifier },
): Promise<void> {
  const state = await ports.processStore.project(job.correlationId);
  if (state) await ports.notifier.publish(state);
}
