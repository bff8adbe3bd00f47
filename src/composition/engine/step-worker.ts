import {
  type ConfiguredStep,
  createHandleTask,
  type StepPorts,
  topicsOf,
} from '../../../domain/steps/index.ts';
import type { ClientOptions } from '../../../infrastructure/camunda/external-task-client.ts';
import type { startWorker } from '../../../infrastructure/camunda/start-worker.ts';
import { startDirectWorker } from '../../../infrastructure/embedded-engine/direct-worker.ts';
import type { EmbeddedEngine } from '../../../infrastructure/embedded-engine/engine-api.ts';
import { createStepHttp } from '../../../infrastructure/http/step-http.ts';
import type { Observers } from '../../../infrastructure/observability/observed.ts';
import {
  createStepObserver,
  createWorkerObserver,
  tracedHttp,
} from '../../../infrastructure/observability/observed-steps.ts';
import { NO_OBSERVER } from '../../../infrastructure/worker/reports.ts';
import type { StartGate } from '../../../infrastructure/worker/start-gate.ts';
import type { RunningWorker } from '../../../infrastructure/worker/task-runs.ts';
import type { EngineContact } from './engine-contact.ts';

/** Where external tasks come from. */
export type TaskSource =
  | ({ kind: 'rest'; startWorker: typeof startWorker } & Pick<ClientOptions, 'baseUrl' | 'auth'>)
  /** The engine in this process. */
  | { kind: 'embedded'; engine: Pick<EmbeddedEngine, 'externalTasks'> };

export interface StepWorkerOptions
  extends Pick<StepPorts, 'eventStore' | 'engine' | 'startsInHand' | 'log'>,
    Omit<ClientOptions, 'baseUrl' | 'auth'> {
  tasks: TaskSource;
  /** All steps; those that are done elsewhere are left out. */
  steps: readonly ConfiguredStep[];
  /** Left out: nothing is measured or traced. */
  observers?: Observers | undefined;
  /** Left out: starts do not wait for free slots. */
  startGate?: Pick<StartGate, 'attach' | 'check'> | undefined;
  /** Left out: nobody asks whether the engine answers. */
  engineContact?: Pick<EngineContact, 'onPoll'> | undefined;
}

/** Runs the steps of all processes as external tasks of an engine. */
export function startStepWorker({
  tasks,
  steps: all,
  observers,
  startGate,
  engineContact,
  ...options
}: StepWorkerOptions): RunningWorker {
  const steps = all.filter(({ step }) => !step.elsewhere);
  const handleTask = createHandleTask(steps, {
    ...options,
    openHttp: (call) => {
      const http = createStepHttp(call);
      return observers ? tracedHttp(http, observers.tracing) : http;
    },
    observer: observers && createStepObserver(observers.tracing),
  });
  const observer = observers ? createWorkerObserver(observers) : NO_OBSERVER;
  const work = {
    ...options,
    topics: topicsOf(steps),
    handleTask,
    observer: {
      ...observer,
      onPoll(outcome: 'ok' | 'error') {
        engineContact?.onPoll(outcome);
        observer.onPoll(outcome);
      },
    },
    onFree: startGate?.check,
  };
  const worker = start();
  startGate?.attach(worker);
  return worker;

  function start(): RunningWorker {
    switch (tasks.kind) {
      case 'rest':
        return tasks.startWorker({ ...work, ...tasks });
      case 'embedded':
        return startDirectWorker({ ...work, engine: tasks.engine });
      default:
        return tasks satisfies never;
    }
  }
}
