import {
  type ConfiguredStep,
  createTasksElsewhere,
  type ExternalTasks,
  type StepPorts,
  type TasksElsewhere,
} from '../../../domain/steps/index.ts';
import { createDirectExternalTasks } from '../../../infrastructure/embedded-engine/direct-external-tasks.ts';
import type { Observers } from '../../../infrastructure/observability/observed.ts';
import {
  createStepObserver,
  createWorkerObserver,
} from '../../../infrastructure/observability/observed-steps.ts';
import type { Shutdown } from '../lifecycle/shutdown.ts';
import type { ProcessEngine } from './process-engine.ts';

interface ElsewhereOptions
  extends Pick<StepPorts, 'eventStore' | 'engine' | 'startsInHand' | 'log'> {
  opened: Pick<ProcessEngine, 'tasks' | 'embedded'>;
  /** All steps; those that are done here are left out. */
  steps: readonly ConfiguredStep[];
  observers: Observers;
  shutdown: Shutdown;
}

/** Opens the tasks of steps with `elsewhere: true` for their workers, on either engine. */
export async function openTasksElsewhere(options: ElsewhereOptions): Promise<TasksElsewhere> {
  const { steps, observers } = options;
  return createTasksElsewhere({
    steps,
    tasks: await openExternalTasks(options),
    ports: { ...options, openHttp: noHttp, observer: createStepObserver(observers.tracing) },
    clock: Date.now,
  });
}

async function openExternalTasks({
  opened,
  observers,
  shutdown,
}: ElsewhereOptions): Promise<ExternalTasks> {
  const observer = createWorkerObserver(observers);
  const { tasks, embedded } = opened;
  if (embedded) return createDirectExternalTasks(embedded, observer);
  if (tasks.kind !== 'rest') throw new Error('an engine in this process is embedded');
  const { createRestExternalTasks } = await import(
    '../../../infrastructure/camunda/rest-external-tasks.ts'
  );
  const external = createRestExternalTasks(tasks, observer);
  shutdown.add('external tasks', () => external.close());
  return external;
}

/** No handler runs. */
function noHttp(): never {
  throw new Error('a step that is done elsewhere makes no HTTP call here');
}

/** For a server without an engine. */
export const NO_TASKS_ELSEWHERE: TasksElsewhere = {
  fetch: async ({ topics: [first] }) =>
    first ? { kind: 'unknown-topic', topic: first.name } : { kind: 'tasks', tasks: [] },
  take: async () => ({ kind: 'unknown' }),
  extendLock: async () => ({ kind: 'unknown' }),
  unlock: async () => ({ kind: 'unknown' }),
  find: async () => null,
  waitingTopics: async () => [],
  waiting: () => 0,
  release: () => {},
  isReleased: false,
};
