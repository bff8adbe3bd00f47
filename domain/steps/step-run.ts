import type { Engine, StartsInHand } from '../engine/index.ts';
import type { Audit, EventStore, StoredEvent } from '../process/index.ts';
import type { ProcessDefinition, StepDefinition, StepHttp, StepLogger } from './define-process.ts';
import type { Task } from './task.ts';
import type { TaskStream } from './task-owner.ts';

/** A step with the settings of its process. */
export interface ConfiguredStep {
  definition: ProcessDefinition;
  step: StepDefinition;
  settings: unknown;
}

/** Opens the HTTP client of one attempt. It fills `audit` with its last call. */
type OpenStepHttp = (options: {
  audit: Audit;
  headers: Record<string, string>;
  signal: AbortSignal;
}) => StepHttp;

/** Sees the steps that this service runs, for traces. */
export interface StepObserver {
  /** Runs one step, and passes on its answer: whether the task is done. */
  aroundStep(run: StepRun, work: () => Promise<boolean>): Promise<boolean>;
  /** Called with the journaled event of an attempt before it is reported to the engine. */
  onJournaled(event: StoredEvent, run: Pick<StepRun, 'isPersonal'>): void;
}

export interface StepPorts {
  eventStore: EventStore;
  engine: Pick<Engine, 'findRoot' | 'isRunning' | 'findInstances' | 'retryFailed' | 'cancel'>;
  /** Left out: no instance is started in this process. */
  startsInHand?: Pick<StartsInHand, 'ended'> | undefined;
  openHttp: OpenStepHttp;
  log: StepLogger & { child(fields: object): StepLogger };
  observer?: StepObserver | undefined;
}

/** One task, with all that running its step needs. */
export interface StepRun extends ConfiguredStep {
  task: Task;
  /** Where its events go. */
  stream: TaskStream;
  /** The events of the stream, if it was read for this task a moment ago. */
  read?: readonly StoredEvent[] | undefined;
  ports: StepPorts;
  /** Bound to the process and the step. */
  log: StepLogger;
  /** Fires when the service stops, or when nobody waits for the outcome any more. */
  stopping: AbortSignal;
  /** The caller who does it elsewhere; left out: a handler here. */
  actor?: string | undefined;
  /** Texts may quote what is personal: they are in the journal, and in no log line and no span. */
  isPersonal: boolean;
}
