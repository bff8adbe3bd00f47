import {
  cancelInstance,
  type Engine,
  retryInstance,
  startInstance,
  type TaskRef,
} from '../domain/engine/index.ts';
import type { JobHandlers } from '../domain/outbox/index.ts';
import type { EventStore, Notifier, ProcessStore } from '../domain/process/index.ts';
import { projectProcess } from './project-process.ts';

/** What an instance with these roles does with the jobs that events cause. */
export function jobHandlersOf(
  has: (role: 'projector' | 'worker') => boolean,
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
