import { type CancelInstancePorts, cancelInstance } from '../domain/engine/index.ts';
import type { EventJob } from './job.ts';

/** After a cancel: deletes the engine's instances of the process. */
export function cancelInstanceJob(ports: CancelInstancePorts): EventJob {
  return { name: 'cancel-instance', role: 'worker', handler: (job) => cancelInstance(job, ports) };
}
