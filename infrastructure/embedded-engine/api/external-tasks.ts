import type { Values } from '../../../domain/bpmn/index.ts';
import type { Page } from './page.ts';

export interface ExternalTask {
  readonly id: string;
  readonly activityId: string;
  readonly processInstanceId: string;
  readonly rootProcessInstanceId: string;
  readonly definitionId: string;
  readonly processKey: string;
  readonly versionTag: string | null;
  readonly businessKey: string | null;
  readonly topic: string;
  readonly priority: number;
  readonly retries: number | null;
  readonly errorMessage: string | null;
  readonly workerId: string | null;
  /** Null when it was never locked since the engine has started; Infinity when a worker in this process holds it. */
  readonly lockedUntil: number | null;
  readonly createdAt: number;
}

export interface LockedTask extends ExternalTask {
  readonly errorDetails: string | null;
  readonly variables: Values;
}

export interface TopicRequest {
  readonly topicName: string;
  /** Milliseconds. asked by the direct worker: Infinity for a hold that ends with the process at the latest. */
  readonly lockDuration: number;
  /** The names of the variables that are wanted; left out: all. */
  readonly variables?: readonly string[] | null;
  /** Only those of the task's own scope. */
  readonly localVariables?: boolean | null;
  readonly processDefinitionKeyIn?: readonly string[] | null;
  readonly processDefinitionIdIn?: readonly string[] | null;
  readonly businessKey?: string | null;
  /** Null: without. Left out: any. */
  readonly versionTag?: string | null;
  /** Only where the process has these values. */
  readonly processVariables?: Values | null;
}

export interface FetchRequest {
  readonly workerId: string;
  readonly maxTasks: number;
  /** False: in the order of creation. */
  readonly usePriority?: boolean;
  /** The order of creation, after the priority when that is used; left out: `asc`. */
  readonly createTime?: 'asc' | 'desc';
  readonly topics: readonly TopicRequest[];
  /** Milliseconds that it waits when there is nothing. */
  readonly asyncResponseTimeout?: number;
}

export interface Fetch {
  readonly tasks: Promise<LockedTask[]>;
  /** The caller is gone: it takes nothing more. */
  cancel(): void;
}

export interface ExternalTaskFailure {
  readonly errorMessage: string | null;
  readonly errorDetails: string | null;
  readonly retries: number;
  /** Milliseconds. */
  readonly retryTimeout: number;
  readonly variables?: Values;
  readonly localVariables?: Values;
}

export interface ExternalTaskFilter {
  readonly ids?: readonly string[];
  readonly processInstanceIds?: readonly string[];
  readonly definitionId?: string;
  readonly processKey?: string;
  readonly executionId?: string;
  readonly topicName?: string;
  readonly activityIds?: readonly string[];
  readonly workerId?: string;
  readonly locked?: boolean;
  readonly notLocked?: boolean;
  readonly withRetriesLeft?: boolean;
  readonly noRetriesLeft?: boolean;
  readonly priorityHigherThanOrEquals?: number;
  readonly priorityLowerThanOrEquals?: number;
}

export interface ExternalTaskService {
  /** Locks what there is, those of higher priority first; with nothing there, waits. */
  fetchAndLock(request: FetchRequest): Fetch;
  complete(id: string, workerId: string, variables: Values, localVariables?: Values): Promise<void>;
  failure(id: string, workerId: string, failure: ExternalTaskFailure): Promise<void>;
  bpmnError(
    id: string,
    workerId: string,
    error: { code: string; message: string | null },
    variables: Values,
  ): Promise<void>;
  extendLock(id: string, workerId: string, duration: number): void;
  lock(id: string, workerId: string, duration: number): void;
  unlock(id: string): Promise<void>;
  setRetries(id: string, retries: number): Promise<void>;
  setPriority(id: string, priority: number): Promise<void>;
  list(filter: ExternalTaskFilter, page?: Page): ExternalTask[];
  count(filter: ExternalTaskFilter): number;
  get(id: string): ExternalTask;
  errorDetails(id: string): string | null;
  /** What it sees. */
  variables(id: string): Values;
}
