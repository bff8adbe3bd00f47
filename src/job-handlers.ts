import type { TaskRef } from '../domain/find-step.ts';
import type { Engine } from '../domain/ports/engine.ts';
import type { EventStore } from '../domain/ports/event-store.ts';
import type { Notifier } from '../domain/ports/notifier.ts';
import type { ProcessStore } from '../domain/ports/process-store.ts';
import type { JobHandlers } from '../domain/ports/queue.ts';
import { cancelInstance } from '../jobs/cancel-instance.ts';
import { projectProcess } from '../jobs/project-process.ts';
import { retryInstance } from '../jobs/retry-instance.ts';
import { startInstance } from '../jobs/start-instance.ts';
import type { Role } from './config.ts';

/** What an instance with these roles does with the jobs that events cause. */
export function jobHandlersOf(
  has: (role: Role) => boolean,
  ports: {
    eventStore: EventStore;
    processStore: ProcessStore;
    notifier: Notifier;
    engine: Engine;
    /** Attempts of a step, by its topic. */
    attemptsOf: (task: TaskRef) => number;
  },
): Partial<JobHandlers> {
  return {
    ...(has('projector') ? { 'project-process': (job) => projectProcess(job, ports) } : {}),
    ...(has('worker')
      ? {
          'start-instance': (job, delivery) => startInstance(job, delivery, ports),
          'retry-instance': (job) => retryInstance(job, ports),
          'cancel-instance': (job) => cancelInstance(job, ports),
        }
      : {}),
  };
}
