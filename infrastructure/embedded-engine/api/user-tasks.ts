import type { Values } from '../../../domain/bpmn/index.ts';
import type { Page } from './page.ts';

export interface UserTask {
  readonly id: string;
  readonly name: string | null;
  readonly description: string | null;
  /** The id of the task in the model. */
  readonly definitionKey: string;
  readonly processInstanceId: string;
  readonly rootProcessInstanceId: string;
  readonly definitionId: string;
  readonly processKey: string;
  readonly businessKey: string | null;
  readonly assignee: string | null;
  readonly owner: string | null;
  readonly candidateUsers: readonly string[];
  readonly candidateGroups: readonly string[];
  readonly createdAt: number;
  readonly due: number | null;
  readonly followUp: number | null;
  readonly priority: number;
  readonly formKey: string | null;
}

export interface UserTaskFilter {
  readonly ids?: readonly string[];
  readonly assignee?: string;
  readonly assigned?: boolean;
  readonly unassigned?: boolean;
  readonly candidateUser?: string;
  readonly candidateGroups?: readonly string[];
  readonly withCandidateGroups?: boolean;
  readonly withoutCandidateGroups?: boolean;
  readonly withCandidateUsers?: boolean;
  readonly withoutCandidateUsers?: boolean;
  /** Camunda shows tasks of candidates only while nobody has claimed them, unless this is set. */
  readonly includeAssignedTasks?: boolean;
  readonly processInstanceIds?: readonly string[];
  readonly businessKey?: string;
  readonly processKeys?: readonly string[];
  readonly definitionId?: string;
  readonly definitionKeys?: readonly string[];
  readonly name?: string;
  readonly nameLike?: string;
  readonly priority?: number;
  readonly minPriority?: number;
  readonly maxPriority?: number;
  readonly dueBefore?: number;
  readonly dueAfter?: number;
  readonly followUpBefore?: number;
  readonly followUpAfter?: number;
  readonly createdBefore?: number;
  readonly createdAfter?: number;
}

export interface UserTaskOrder {
  readonly by: 'created' | 'due' | 'priority' | 'name' | 'assignee' | 'followUp' | 'id';
  readonly descending: boolean;
}

/** What may be changed of a user task from outside. */
export interface UserTaskChange {
  readonly name?: string | null;
  readonly description?: string | null;
  readonly assignee?: string | null;
  readonly owner?: string | null;
  readonly due?: number | null;
  readonly followUp?: number | null;
  readonly priority?: number;
}

export interface UserTaskService {
  list(filter: UserTaskFilter, page?: Page, order?: readonly UserTaskOrder[]): UserTask[];
  count(filter: UserTaskFilter): number;
  get(id: string): UserTask;
  /** Those of these root instances with an open user task, without an external task or a job that has failed. */
  waitingRoots(rootIds: readonly string[]): string[];
  /** Whether it ended without a completion; false while it is open, and when the history has it no more. */
  isCancelled(id: string): boolean;
  /** Refused when somebody else has it. */
  claim(id: string, userId: string): Promise<void>;
  unclaim(id: string): Promise<void>;
  setAssignee(id: string, userId: string | null): Promise<void>;
  update(id: string, change: UserTaskChange): Promise<void>;
  addCandidate(id: string, kind: 'user' | 'group', candidate: string): Promise<void>;
  removeCandidate(id: string, kind: 'user' | 'group', candidate: string): Promise<void>;
  complete(id: string, variables: Values): Promise<void>;
  bpmnError(
    id: string,
    error: { code: string; message: string | null },
    variables: Values,
  ): Promise<void>;
  escalation(id: string, code: string, variables: Values): Promise<void>;
}
