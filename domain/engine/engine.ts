import type { JsonObject, Timestamp } from '../common/index.ts';
import type { VariableValue } from './engine-variables.ts';
import type { EngineHistory } from './history.ts';
import type { EngineModels } from './models.ts';
import type { EngineUserTasks } from './user-tasks.ts';

/** A task as an engine hands it out: of which process, by which topic, for which element of the model. */
export interface TaskRef {
  processKey: string;
  topic: string;
  activityId: string;
}

export interface EngineInstance {
  processInstanceId: string;
  businessKey: string | null;
  processKey: string;
  /** As in history: `incident` is an active one that cannot continue by itself. */
  state: 'active' | 'suspended' | 'completed' | 'terminated';
  /** Null while it runs. */
  endedAt: Timestamp | null;
  /** The reason that was given when it was deleted. */
  deleteReason: string | null;
}

const STATES: Readonly<Record<string, EngineInstance['state']>> = {
  ACTIVE: 'active',
  SUSPENDED: 'suspended',
  COMPLETED: 'completed',
};

/** The state of an instance, from Camunda's word for it in history. */
export function instanceState(camundaState: string): EngineInstance['state'] {
  return STATES[camundaState] ?? 'terminated';
}

/** The instance at the root of a hierarchy of calls. */
interface RootInstance {
  processInstanceId: string;
  businessKey: string | null;
  processKey: string;
}

/** An instance cannot continue by itself: a task or a job has no retries left. */
export interface EngineIncident {
  /** Of the incident in the instance where it arose; every final failure has another. */
  id: string;
  /** The external task without retries; null for anything else. */
  taskId: string | null;
  processInstanceId: string;
  activityId: string | null;
  message: string | null;
  at: Timestamp;
}

/** A running instance whose state the engine cannot read: nothing can be done with it but delete it. */
export interface UnreadableInstance {
  processInstanceId: string;
  businessKey: string | null;
  processKey: string;
}

/** What the reconciler and the report on stuck processes ask the engine, for many instances at once. */
export interface EngineInspection {
  /** As `findInstances`, of any of these processes with any of these business keys. */
  findInstancesOf(
    processKeys: readonly string[],
    businessKeys: readonly string[],
  ): Promise<EngineInstance[]>;
  /** Running instances of these processes that no other has called, oldest first, from `offset`. */
  listRunning(
    processKeys: readonly string[],
    page: { startedBefore: Timestamp; offset: number; limit: number },
  ): Promise<EngineInstance[]>;
  /** The open incidents of these instances. */
  findIncidents(processInstanceIds: readonly string[]): Promise<EngineIncident[]>;
  /** Those of these running instances that have no external task, no user task and no job, such as a timer. */
  findIdle(processInstanceIds: readonly string[]): Promise<string[]>;
  /**
   * Those of these running instances that wait for people: a user task is open, in them or in what they called, no
   * external task is, and no job of theirs has failed. A few calls, however many instances.
   */
  findWaitingForPeople(processInstanceIds: readonly string[]): Promise<string[]>;
  /** As far as anything has asked for them. */
  findUnreadable(): Promise<UnreadableInstance[]>;
  isRunning(processInstanceId: string): Promise<boolean>;
  /** True when every token waits at a joining gateway: no other comes, so none continues. */
  isStuck(processInstanceId: string): Promise<boolean>;
  /** True while a worker holds the lock of one of its external tasks. */
  isWorkedOn(processInstanceId: string): Promise<boolean>;
}

interface BpmnFile {
  fileName: string;
  /** A text is sent as UTF-8. */
  content: Uint8Array | string;
}

export interface Engine extends EngineInspection, EngineModels, EngineHistory, EngineUserTasks {
  /** Deploys a BPMN file, byte for byte, unless the newest deployed version is the same. */
  deploy(name: string, files: readonly BpmnFile[]): Promise<void>;
  /**
   * Starts an instance of the newest version. Not idempotent: see `findInstances`.
   * @throws EngineRefusedError, EngineUnavailableError
   */
  start(
    processKey: string,
    businessKey: string,
    variables: Record<string, VariableValue>,
  ): Promise<string>;
  /** Running and ended instances with this business key that no other has called, oldest first. */
  findInstances(processKey: string, businessKey: string): Promise<EngineInstance[]>;
  /**
   * The instance that called a running one, however many calls above it; the running one itself when nothing
   * called it. Null when it runs no more.
   */
  findRoot(processInstanceId: string): Promise<RootInstance | null>;
  /** Deletes a running instance; one that is gone is fine. */
  cancel(processInstanceId: string): Promise<void>;
  /**
   * Deletes everything the engine holds of an instance and of those it called: what runs is cancelled, and the
   * history goes with its variables. One that is gone is fine.
   */
  deleteHistory(processInstanceId: string): Promise<void>;
  /**
   * Gives what failed finally in a running instance, and in those it called, its attempts back: external
   * tasks and jobs without retries. Nothing to give back is fine.
   *
   * @param attemptsOf attempts that an external task gets
   */
  retryFailed(processInstanceId: string, attemptsOf: (task: TaskRef) => number): Promise<void>;
  /**
   * Delivers a message to the one execution that waits for it in a running instance or in those it called.
   * Starts no instance.
   *
   * @returns false when nothing waits for it there, or more than one execution does
   * @throws EngineRefusedError, EngineUnavailableError
   */
  correlate(
    messageName: string,
    processInstanceId: string,
    variables: JsonObject,
  ): Promise<boolean>;
  /** Version of the engine; throws EngineUnavailableError. */
  version(): Promise<string>;
}
