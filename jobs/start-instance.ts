import { type StartInstancePorts, startInstance } from '../domain/engine/index.ts';
import type { EventJob } from './job.ts';

/** After a request: starts the engine's instance of the process. */
export function startInstanceJob(ports: StartInstancePorts): EventJob {
  return {
    name: 'start-instance',
    role: 'worker',
    handler: (job, delivery) => startInstance(job, delivery, ports),
  };
}
