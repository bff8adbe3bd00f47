import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { EmbeddedEngine, ExternalTask } from './engine-api.ts';
import {
  always,
  holds,
  is,
  isAfter,
  isAtLeast,
  isAtMost,
  isBefore,
  isIn,
  passedOn,
  withVariables,
} from './http-filters.ts';
import { json } from './http-json.ts';
import { registerList } from './http-list.ts';
import { externalTaskView } from './http-views.ts';

const flag = z.enum(['true', 'false']).optional();
const topicsQuery = z.strictObject({
  withLockedTasks: flag,
  withUnlockedTasks: flag,
  withRetriesLeft: flag,
});

/** /external-task and /external-task/topic-names */
export function registerExternalTaskLists(api: FastifyInstance, engine: EmbeddedEngine): void {
  const { externalTasks, instances } = engine;
  type Row = ExternalTask;

  registerList(api, {
    path: '/external-task',
    byPost: true,
    filters: {
      externalTaskId: is<Row>(({ id }) => id),
      externalTaskIdIn: isIn<Row>(({ id }) => id),
      activityId: is<Row>(({ activityId }) => activityId),
      activityIdIn: isIn<Row>(({ activityId }) => activityId),
      topicName: passedOn.text,
      locked: passedOn.flag,
      notLocked: passedOn.flag,
      lockExpirationBefore: isBefore<Row>(({ lockedUntil }) => lockedUntil),
      lockExpirationAfter: isAfter<Row>(({ lockedUntil }) => lockedUntil),
      executionId: is<Row>(({ id }) => id),
      processInstanceId: passedOn.text,
      processInstanceIdIn: isIn<Row>(({ processInstanceId }) => processInstanceId),
      processDefinitionId: is<Row>(({ definitionId }) => definitionId),
      processDefinitionKey: is<Row>(({ processKey }) => processKey),
      processDefinitionKeyIn: isIn<Row>(({ processKey }) => processKey),
      active: always<Row>(),
      suspended: holds<Row>(() => false),
      withRetriesLeft: holds<Row>(({ retries }) => retries !== 0),
      noRetriesLeft: holds<Row>(({ retries }) => retries === 0),
      tenantIdIn: isIn<Row>(() => null),
      workerId: is<Row>(({ workerId }) => workerId),
      priorityHigherThanOrEquals: isAtLeast<Row>(({ priority }) => priority),
      priorityLowerThanOrEquals: isAtMost<Row>(({ priority }) => priority),
      processVariables: withVariables<Row>(({ processInstanceId }) =>
        instances.variables(processInstanceId),
      ),
    },
    sortKeys: {
      id: ({ id }) => id,
      lockExpirationTime: ({ lockedUntil }) => lockedUntil,
      processInstanceId: ({ processInstanceId }) => processInstanceId,
      processDefinitionId: ({ definitionId }) => definitionId,
      processDefinitionKey: ({ processKey }) => processKey,
      taskPriority: ({ priority }) => priority,
      createTime: ({ createdAt }) => createdAt,
    },
    find: ({ processInstanceId, processInstanceIdIn, topicName, locked, notLocked }) =>
      externalTasks.list({
        processInstanceIds: processInstanceId ? [processInstanceId] : processInstanceIdIn,
        topicName,
        locked: locked || undefined,
        notLocked: notLocked || undefined,
      }),
    view: externalTaskView,
  });

  api.get('/external-task/topic-names', (request, reply) => {
    const { withLockedTasks, withUnlockedTasks, withRetriesLeft } = topicsQuery.parse(
      request.query,
    );
    const tasks = externalTasks.list({
      ...(withLockedTasks === 'true' ? { locked: true } : {}),
      ...(withUnlockedTasks === 'true' ? { notLocked: true } : {}),
      ...(withRetriesLeft === 'true' ? { withRetriesLeft: true } : {}),
    });
    return json(reply, [...new Set(tasks.map(({ topic }) => topic))].sort());
  });
}
