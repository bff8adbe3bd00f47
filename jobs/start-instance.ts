import { type StartInstancePorts, startInstance } from '../domain/engine/index.ts';
import type { EventJob } from './job.ts';

interface StartJobPorts extends StartInstancePorts {
  /** Runs a start when the worker has room for it; those that a caller waits for come first. */
  whenRoom: (isUrgent: boolean, start: () => Promise<void>) => Promise<void>;
}

/** After a request: starts the engine's instance of the process. */
export function startInstanceJob({ whenRoom, ...ports }: StartJobPorts): EventJob {
  return {
    name: 'start-instance',
    role: 'worker',
    handler: (job, delivery) => {
      const start = () => startInstance(job, delivery, ports);
      return delivery.hasRoom ? start() : whenRoom(job.urgent === true, start);
    },
  };
}
