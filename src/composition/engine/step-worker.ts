import {
  type ConfiguredStep,
  createHandleTask,
  type StepPorts,
  topicsOf,
} from '../../../domain/steps/index.ts';
import type { ClientOptions } from '../../../infrastructure/camunda/external-task-client.ts';
import { type RunningWorker, startWorker } from '../../../infrastructure/camunda/start-worker.ts';
import { createStepHttp } from '../../../infrastructure/http/step-http.ts';
import type { Observers } from '../../../infrastructure/observability/observed.ts';
import {
  createStepObserver,
  createWorkerObserver,
  tracedHttp,
} from '../../../infrastructure/observability/observed-steps.ts';

export interface StepWorkerOptions
  extends Pick<StepPorts, 'eventStore' | 'engine' | 'log'>,
    ClientOptions {
  /** All steps that this instance runs. */
  steps: readonly ConfiguredStep[];
  /** Left out: nothing is measured or traced. */
  observers?: Observers | undefined;
}

/** Runs the steps of all processes as external tasks of the engine at `baseUrl`. */
export function startStepWorker({
  steps,
  observers,
  ...options
}: StepWorkerOptions): RunningWorker {
  const handleTask = createHandleTask(steps, {
    ...options,
    openHttp: (call) => {
      const http = createStepHttp(call);
      return observers ? tracedHttp(http, observers.tracing) : http;
    },
    observer: observers && createStepObserver(observers.tracing),
  });
  return startWorker({
    ...options,
    topics: topicsOf(steps),
    handleTask,
    observer: observers && createWorkerObserver(observers),
  });
}
