import type { TaskService } from 'camunda-external-task-client-js';
import type { Engine } from '../../domain/engine/index.ts';
import type { EventStore } from '../../domain/process/index.ts';
import type { ProcessDefinition, StepDefinition, StepLogger } from '../../domain/steps/index.ts';
import type { Tracing } from '../observability/tracing.ts';
import type { EngineTask } from './engine-task.ts';
import type { TaskStream } from './task-owner.ts';

export interface TaskPorts {
  eventStore: EventStore;
  engine: Engine;
  log: StepLogger & { child(fields: object): StepLogger };
  /** Fires when the service stops. */
  stopping: AbortSignal;
  /** Called when all that is left to do is to tell the engine what is in the journal. */
  onTelling?: () => void;
  tracing?: Tracing | undefined;
}

export interface Work {
  definition: ProcessDefinition;
  step: StepDefinition;
  settings: unknown;
}

/** One task that came, with all that its parts need. */
export interface TaskRun {
  task: EngineTask;
  taskService: TaskService;
  work: Work;
  /** Where its events go. */
  stream: TaskStream;
  ports: TaskPorts;
  /** Bound to the process and the step. */
  log: StepLogger;
  /** Texts may quote what is personal: they are in the journal, and in no log line and no span. */
  isPersonal: boolean;
}
