import type { Value } from '../../../domain/bpmn/index.ts';
import type { ProcessInstance } from './instances.ts';

export interface HistoricActivity {
  readonly id: string;
  /** The activity instance around it, which is the process instance's id at the top. */
  readonly parentActivityInstanceId: string;
  readonly executionId: string;
  readonly processInstanceId: string;
  readonly definitionId: string;
  readonly processKey: string;
  readonly activityId: string;
  readonly activityName: string | null;
  readonly activityType: string;
  readonly calledProcessInstanceId: string | null;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly cancelled: boolean;
}

export interface HistoricVariable {
  readonly name: string;
  readonly value: Value;
  readonly processInstanceId: string;
  readonly definitionId: string;
  readonly processKey: string;
  /** The scope that has it. */
  readonly activityInstanceId: string;
}

export interface HistoryService {
  /** Running or ended. @throws BadRequest 404 */
  instance(id: string): ProcessInstance;
  /** Ended and open ones of one instance, in the order in which they ended, open ones last. */
  activities(processInstanceId: string): HistoricActivity[];
  /** Of a running instance those of all scopes, of an ended one those that it had at its end. */
  variables(processInstanceId: string): HistoricVariable[];
  /** Refused while it is running. Takes along what it called. */
  delete(instanceId: string): Promise<void>;
}
