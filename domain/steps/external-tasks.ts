import type { JsonObject, Timestamp } from '../common/index.ts';
import type { EngineVariable, TaskRef } from '../engine/index.ts';
import type { Task } from './task.ts';

/** An open external task of an engine. */
export interface ExternalTask extends TaskRef {
  id: string;
  instanceId: string;
  businessKey: string | null;
  /** Who locked it last; null: nobody has it. */
  workerId: string | null;
  /** As Camunda's REST API shows it, without its variables. */
  view: JsonObject;
}

export interface LockedTask extends ExternalTask {
  /** As Camunda's REST API shows them, objects by the text of their serialization. */
  variables: Record<string, EngineVariable>;
  /** To read its variables, and to report its outcome by the worker who has it. */
  task: Task;
}

/** Tasks that a worker wants. */
export interface WantedTasks {
  name: string;
  lockDurationMs: number;
  /** Names of the variables to read. */
  variables: readonly string[];
  /** Left out: of any process. */
  processKeys?: readonly string[] | undefined;
  processDefinitionIds?: readonly string[] | undefined;
  businessKey?: string | undefined;
  versionTag?: string | undefined;
  extensionProperties?: boolean | undefined;
}

export interface TaskFetch {
  workerId: string;
  maxTasks: number;
  usePriority: boolean;
  /** By the time of creation; left out: as the engine likes. */
  order?: 'asc' | 'desc' | undefined;
  topics: readonly WantedTasks[];
}

/** Tasks of a topic that wait for a worker. */
export interface WaitingTasks {
  count: number;
  /** False: there are more. */
  isWhole: boolean;
  /** When the oldest of them began; null when the engine does not say. */
  oldestAt: Timestamp | null;
}

/**
 * The external tasks of an engine, for workers elsewhere. The lock is the engine's: of the worker that the service names
 * there.
 *
 * All calls may throw EngineRefusedError and EngineUnavailableError.
 */
export interface ExternalTasks {
  /**
   * Locks tasks, and waits for some for `waitMs`.
   *
   * @param signal ends the wait: what is locked by then is returned
   */
  fetch(fetch: TaskFetch, waitMs: number, signal: AbortSignal): Promise<LockedTask[]>;
  /** Null when it is not open. */
  find(id: string): Promise<ExternalTask | null>;
  /** What a worker who has the lock needs for its report. @param names of the variables to read */
  open(task: ExternalTask, workerId: string, names: readonly string[]): Promise<Task>;
  /** Gives an open task that nobody has to a worker. @throws EngineRefusedError when somebody has it */
  lock(id: string, workerId: string, durationMs: number): Promise<void>;
  /** @throws EngineRefusedError when the worker does not have it */
  extendLock(id: string, workerId: string, durationMs: number): Promise<void>;
  unlock(id: string): Promise<void>;
  /** The tasks of these topics that nobody has and that have attempts left. */
  waiting(topic: Pick<WantedTasks, 'name' | 'processKeys'>): Promise<WaitingTasks>;
}
