import type { Job } from '../domain/outbox/index.ts';
import type { Notifier, ProcessStore } from '../domain/process/index.ts';
import type { EventJob } from './job.ts';

interface ProjectPorts {
  processStore: Pick<ProcessStore, 'project'>;
  notifier: Pick<Notifier, 'publish'>;
}

/** After every event: brings the row of its process up to date. */
export function projectProcessJob(ports: ProjectPorts): EventJob {
  return {
    name: 'project-process',
    role: 'projector',
    handler: (job) => projectProcess(job, ports),
  };
}

/**
 * Brings `process_store` up to the stream and publishes the state to every instance. Of the job only the
 * correlation id matters: the fold starts at the stored version, so a job that comes
 * twice, late or before an older one changes nothing that it should not.
 */
export async function projectProcess(
  { correlationId }: Pick<Job, 'correlationId'>,
  { processStore, notifier }: ProjectPorts,
): Promise<void> {
  const state = await processStore.project(correlationId);
  if (state) await notifier.publish(state);
}
