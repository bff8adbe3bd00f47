import type { FastifyInstance } from 'fastify';
import type { EmbeddedEngine, UserTask } from './engine-api.ts';
import {
  always,
  holds,
  is,
  isAfter,
  isAtLeast,
  isAtMost,
  isBefore,
  isIn,
  isLike,
  isNotIn,
  isNumber,
  passedOn,
  tenantFilters,
  withVariables,
} from './http-filters.ts';
import { registerList } from './http-list.ts';
import { userTaskView } from './http-views.ts';

/** /task */
export function registerUserTaskList(api: FastifyInstance, engine: EmbeddedEngine): void {
  const { userTasks, instances } = engine;
  type Row = UserTask;

  registerList(api, {
    path: '/task',
    byPost: true,
    filters: {
      taskId: is<Row>(({ id }) => id),
      taskIdIn: isIn<Row>(({ id }) => id),
      taskDefinitionKey: is<Row>(({ definitionKey }) => definitionKey),
      taskDefinitionKeyIn: isIn<Row>(({ definitionKey }) => definitionKey),
      taskDefinitionKeyNotIn: isNotIn<Row>(({ definitionKey }) => definitionKey),
      taskDefinitionKeyLike: isLike<Row>(({ definitionKey }) => definitionKey),
      processInstanceId: passedOn.text,
      processInstanceIdIn: isIn<Row>(({ processInstanceId }) => processInstanceId),
      executionId: is<Row>(({ id }) => id),
      activityInstanceIdIn: isIn<Row>(({ id }) => id),
      processInstanceBusinessKey: is<Row>(({ businessKey }) => businessKey),
      processInstanceBusinessKeyIn: isIn<Row>(({ businessKey }) => businessKey),
      processInstanceBusinessKeyLike: isLike<Row>(({ businessKey }) => businessKey),
      processDefinitionId: is<Row>(({ definitionId }) => definitionId),
      processDefinitionKey: is<Row>(({ processKey }) => processKey),
      processDefinitionKeyIn: isIn<Row>(({ processKey }) => processKey),
      name: is<Row>(({ name }) => name),
      nameLike: isLike<Row>(({ name }) => name),
      description: is<Row>(({ description }) => description),
      descriptionLike: isLike<Row>(({ description }) => description),
      assignee: is<Row>(({ assignee }) => assignee),
      assigneeLike: isLike<Row>(({ assignee }) => assignee),
      assigneeIn: isIn<Row>(({ assignee }) => assignee),
      assigneeNotIn: isNotIn<Row>(({ assignee }) => assignee),
      assigned: holds<Row>(({ assignee }) => assignee !== null),
      unassigned: holds<Row>(({ assignee }) => assignee === null),
      owner: is<Row>(({ owner }) => owner),
      // What is asked about candidates leaves out what somebody has claimed, so it is asked at once.
      candidateUser: passedOn.text,
      candidateGroup: passedOn.text,
      candidateGroups: passedOn.texts,
      withCandidateGroups: passedOn.flag,
      withoutCandidateGroups: passedOn.flag,
      withCandidateUsers: passedOn.flag,
      withoutCandidateUsers: passedOn.flag,
      includeAssignedTasks: passedOn.flag,
      involvedUser: is<Row>((task) => [task.assignee, task.owner, ...task.candidateUsers]),
      priority: isNumber<Row>(({ priority }) => priority),
      minPriority: isAtLeast<Row>(({ priority }) => priority),
      maxPriority: isAtMost<Row>(({ priority }) => priority),
      dueBefore: isBefore<Row>(({ due }) => due),
      dueAfter: isAfter<Row>(({ due }) => due),
      withoutDueDate: holds<Row>(({ due }) => due === null),
      followUpBefore: isBefore<Row>(({ followUp }) => followUp),
      followUpAfter: isAfter<Row>(({ followUp }) => followUp),
      createdBefore: isBefore<Row>(({ createdAt }) => createdAt),
      createdAfter: isAfter<Row>(({ createdAt }) => createdAt),
      active: always<Row>(),
      suspended: holds<Row>(() => false),
      taskVariables: withVariables<Row>(({ id }) => instances.localVariables(id)),
      processVariables: withVariables<Row>(({ processInstanceId }) =>
        instances.variables(processInstanceId),
      ),
      ...tenantFilters<Row>(),
    },
    sortKeys: {
      id: ({ id }) => id,
      instanceId: ({ processInstanceId }) => processInstanceId,
      executionId: ({ id }) => id,
      name: ({ name }) => name,
      nameCaseInsensitive: ({ name }) => name?.toLowerCase() ?? null,
      description: ({ description }) => description,
      assignee: ({ assignee }) => assignee,
      created: ({ createdAt }) => createdAt,
      dueDate: ({ due }) => due,
      followUpDate: ({ followUp }) => followUp,
      priority: ({ priority }) => priority,
    },
    find: (wanted) =>
      userTasks.list({
        processInstanceIds: wanted.processInstanceId
          ? [wanted.processInstanceId]
          : wanted.processInstanceIdIn,
        candidateUser: wanted.candidateUser,
        candidateGroups: wanted.candidateGroup ? [wanted.candidateGroup] : wanted.candidateGroups,
        withCandidateGroups: wanted.withCandidateGroups,
        withoutCandidateGroups: wanted.withoutCandidateGroups,
        withCandidateUsers: wanted.withCandidateUsers,
        withoutCandidateUsers: wanted.withoutCandidateUsers,
        includeAssignedTasks: wanted.includeAssignedTasks,
      }),
    view: userTaskView,
  });
}
