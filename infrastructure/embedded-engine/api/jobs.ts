import type { Page } from './page.ts';

export interface Job {
  readonly id: string;
  readonly kind: 'timer' | 'async' | 'start-timer';
  readonly processInstanceId: string | null;
  readonly executionId: string | null;
  readonly definitionId: string;
  readonly processKey: string;
  readonly activityId: string;
  readonly due: number | null;
  readonly retries: number;
  readonly exceptionMessage: string | null;
  readonly createdAt: number;
}

export interface JobFilter {
  readonly ids?: readonly string[];
  readonly processInstanceIds?: readonly string[];
  readonly definitionId?: string;
  readonly processKey?: string;
  readonly executionId?: string;
  readonly activityId?: string;
  readonly timersOnly?: boolean;
  readonly messagesOnly?: boolean;
  readonly withException?: boolean;
  readonly noRetriesLeft?: boolean;
  readonly withRetriesLeft?: boolean;
  readonly dueBefore?: number;
  readonly dueAfter?: number;
}

export type IncidentType = 'failedExternalTask' | 'failedJob';

export interface Incident {
  readonly id: string;
  readonly type: IncidentType;
  /** Null for a timer that should have started an instance. */
  readonly processInstanceId: string | null;
  readonly executionId: string | null;
  readonly definitionId: string;
  readonly processKey: string;
  readonly activityId: string | null;
  /** The id of the external task or the job. */
  readonly configuration: string;
  readonly message: string | null;
  readonly since: number;
}

export interface IncidentFilter {
  readonly id?: string;
  readonly type?: IncidentType;
  readonly processInstanceIds?: readonly string[];
  readonly definitionId?: string;
  readonly processKeys?: readonly string[];
  readonly activityId?: string;
}

export interface JobService {
  list(filter: JobFilter, page?: Page): Job[];
  get(id: string): Job;
  /** Runs it now. @throws BadRequest 500 when it fails */
  execute(id: string): Promise<void>;
  setRetries(id: string, retries: number): Promise<void>;
  /** @param due null: now */
  setDueDate(id: string, due: number | null): Promise<void>;
  incidents(filter: IncidentFilter, page?: Page): Incident[];
}
