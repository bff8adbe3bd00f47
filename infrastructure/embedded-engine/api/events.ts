import type { Values } from '../../../domain/bpmn/index.ts';
import type { Execution, ProcessInstance } from './instances.ts';
import type { Page } from './page.ts';

export interface CorrelationRequest {
  readonly messageName: string;
  readonly businessKey?: string | null;
  readonly processInstanceId?: string | null;
  readonly processDefinitionId?: string | null;
  /** Values that the process has. */
  readonly correlationKeys?: Values;
  readonly localCorrelationKeys?: Values;
  readonly variables?: Values;
  readonly localVariables?: Values;
}

export interface CorrelationResult {
  /** The execution that had it, or the process instance that it started. */
  readonly execution: Execution | null;
  readonly processInstance: ProcessInstance | null;
}

export interface EventSubscription {
  readonly id: string;
  readonly eventType: 'message' | 'signal' | 'conditional';
  readonly eventName: string | null;
  readonly executionId: string | null;
  readonly processInstanceId: string | null;
  readonly activityId: string;
  readonly createdAt: number;
}

export interface EventSubscriptionFilter {
  readonly id?: string;
  readonly eventType?: EventSubscription['eventType'];
  readonly eventName?: string;
  readonly executionId?: string;
  readonly processInstanceId?: string;
  readonly activityId?: string;
  /** Those of start events, too. */
  readonly includeStartEvents?: boolean;
}

export interface EventService {
  /** Delivers a message to the one execution that waits for it, or starts the one process that it starts. */
  correlate(request: CorrelationRequest): Promise<CorrelationResult>;
  /** Delivers it to all; never starts more than one process. */
  correlateAll(request: CorrelationRequest): Promise<CorrelationResult[]>;
  /** Delivers a message to this execution. */
  messageEventReceived(executionId: string, messageName: string, variables: Values): Promise<void>;
  /** @param executionId the only one that gets it; null: all that wait for it, and all processes that it starts */
  signal(name: string, executionId: string | null, variables: Values): Promise<void>;
  /** Lets an execution continue that waits for nothing in particular, such as a receive task. */
  trigger(executionId: string, variables: Values): Promise<void>;
  /** Starts the processes with a conditional start event that holds for these variables. */
  evaluateConditions(request: {
    businessKey?: string | null;
    processDefinitionId?: string | null;
    variables: Values;
  }): Promise<ProcessInstance[]>;
  subscriptions(filter: EventSubscriptionFilter, page?: Page): EventSubscription[];
}
