import type { Values } from '../../../domain/bpmn/index.ts';
import type { IncidentType } from './jobs.ts';
import type { Page } from './page.ts';

export type InstanceState =
  | 'ACTIVE'
  | 'COMPLETED'
  | 'EXTERNALLY_TERMINATED'
  | 'INTERNALLY_TERMINATED';

export interface ProcessInstance {
  readonly id: string;
  readonly rootId: string;
  readonly definitionId: string;
  readonly processKey: string;
  readonly businessKey: string | null;
  /** The instance that called it, the call activity there, and that activity's instance. */
  readonly superId: string | null;
  readonly superActivityId: string | null;
  readonly superActivityInstanceId: string | null;
  readonly state: InstanceState;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly removeAt: number | null;
  readonly deleteReason: string | null;
  readonly startActivityId: string | null;
  readonly endActivityId: string | null;
}

/** Left out: all. A filter over running and ended instances alike. */
export interface InstanceFilter {
  readonly ids?: readonly string[];
  readonly businessKeys?: readonly string[];
  readonly businessKeyLike?: string;
  readonly definitionIds?: readonly string[];
  readonly processKeys?: readonly string[];
  readonly deploymentId?: string;
  readonly superId?: string;
  /** The instance that called this one. */
  readonly subId?: string;
  readonly rootId?: string;
  readonly rootsOnly?: boolean;
  readonly states?: readonly InstanceState[];
  readonly startedBefore?: number;
  readonly startedAfter?: number;
  readonly endedBefore?: number;
  readonly endedAfter?: number;
  /** Has an incident of its own. */
  readonly withIncident?: boolean;
  readonly incidentType?: IncidentType;
}

export interface StartRequest {
  readonly businessKey?: string | null;
  readonly variables?: Values;
}

/** A token in an activity, or a process instance. */
export interface Execution {
  readonly id: string;
  readonly processInstanceId: string;
  readonly definitionId: string;
  /** Null for a process instance. */
  readonly activityId: string | null;
}

export interface ExecutionFilter {
  readonly processInstanceId?: string;
  readonly processKey?: string;
  readonly businessKey?: string;
  readonly activityId?: string;
  readonly messageName?: string;
  readonly signalName?: string;
}

export interface ActivityInstance {
  readonly id: string;
  readonly parentActivityInstanceId: string | null;
  /** The definition's id for a process instance, as in Camunda. */
  readonly activityId: string;
  readonly activityName: string | null;
  readonly activityType: string;
  readonly processInstanceId: string;
  readonly definitionId: string;
  readonly executionIds: readonly string[];
  readonly incidentIds: readonly string[];
  readonly children: readonly ActivityInstance[];
  /** Tokens that wait for a job before or behind an activity. */
  readonly transitions: readonly TransitionInstance[];
}

export interface TransitionInstance {
  readonly id: string;
  readonly parentActivityInstanceId: string;
  readonly activityId: string;
  readonly activityName: string | null;
  readonly activityType: string;
  readonly processInstanceId: string;
  readonly definitionId: string;
  readonly executionId: string;
}

export interface VariableChange {
  readonly set?: Values;
  readonly remove?: readonly string[];
  /** In the scope itself, and not where they are defined. */
  readonly local?: boolean;
}

export interface InstanceService {
  /** @returns the id of the instance, which may have ended already */
  startByKey(key: string, request: StartRequest): Promise<string>;
  startById(definitionId: string, request: StartRequest): Promise<string>;
  /** Running and ended ones, in the order in which they were started. */
  list(filter: InstanceFilter, page?: Page): ProcessInstance[];
  count(filter: InstanceFilter): number;
  /** How many run, by the id of their definition; called ones included. */
  countRunning(): ReadonlyMap<string, number>;
  /** Tokens of the running instances of a definition, by the id of their activity. */
  countOpenActivities(definitionId: string): ReadonlyMap<string, number>;
  /** A running one. @throws BadRequest 404 */
  get(id: string): ProcessInstance;
  /** The running root of a running instance, which may be itself. */
  rootOf(id: string): ProcessInstance | undefined;
  executions(filter: ExecutionFilter, page?: Page): Execution[];
  /** @throws BadRequest 404 */
  execution(id: string): Execution;
  activityTree(instanceId: string): ActivityInstance;
  /** As seen from an execution (an instance, an activity instance, a task). */
  variables(executionId: string): Values;
  localVariables(executionId: string): Values;
  setVariables(executionId: string, change: VariableChange): Promise<void>;
  /** Ends a running instance with all that it called. */
  delete(id: string, reason: string | null): Promise<void>;
}
