import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type {
  EmbeddedEngine,
  HistoricActivity,
  HistoricVariable,
  InstanceFilter,
} from './engine-api.ts';
import {
  always,
  type Filter,
  holds,
  is,
  isAfter,
  isBefore,
  isIn,
  isLike,
  tenantFilters,
} from './http-filters.ts';
import { json } from './http-json.ts';
import { registerList } from './http-list.ts';
import { historicActivityView, historicVariableId, historicVariableView } from './http-views.ts';
import { BadRequest } from './typed-value.ts';

/** /history/activity-instance and /history/variable-instance */
export function registerHistoryDetailRoutes(api: FastifyInstance, engine: EmbeddedEngine): void {
  const { history, instances } = engine;
  type ById = { Params: { id: string } };

  /** What the instances that are asked about have; with no filter, all instances. */
  function ofInstances<Row>(filter: InstanceFilter, read: (instanceId: string) => Row[]): Row[] {
    return instances.list(filter).flatMap(({ id }) => read(id));
  }

  registerActivityList();
  registerVariableList();

  function registerActivityList(): void {
    type Row = HistoricActivity;
    registerList(api, {
      path: '/history/activity-instance',
      byPost: true,
      filters: {
        activityInstanceId: is<Row>(({ id }) => id),
        processInstanceId: is<Row>(({ processInstanceId }) => processInstanceId),
        processDefinitionId: is<Row>(({ definitionId }) => definitionId),
        executionId: is<Row>(({ executionId }) => executionId),
        activityId: is<Row>(({ activityId }) => activityId),
        activityName: is<Row>(({ activityName }) => activityName),
        activityNameLike: isLike<Row>(({ activityName }) => activityName),
        activityType: is<Row>(({ activityType }) => activityType),
        finished: holds<Row>(({ endedAt }) => endedAt !== null),
        unfinished: holds<Row>(({ endedAt }) => endedAt === null),
        canceled: holds<Row>(({ cancelled }) => cancelled),
        startedBefore: isBefore<Row>(({ startedAt }) => startedAt),
        startedAfter: isAfter<Row>(({ startedAt }) => startedAt),
        finishedBefore: isBefore<Row>(({ endedAt }) => endedAt),
        finishedAfter: isAfter<Row>(({ endedAt }) => endedAt),
        ...tenantFilters<Row>(),
      },
      sortKeys: {
        activityInstanceId: ({ id }) => id,
        instanceId: ({ processInstanceId }) => processInstanceId,
        executionId: ({ executionId }) => executionId,
        activityId: ({ activityId }) => activityId,
        activityName: ({ activityName }) => activityName,
        activityType: ({ activityType }) => activityType,
        startTime: ({ startedAt }) => startedAt,
        endTime: ({ endedAt }) => endedAt,
        duration: (row) => historicActivityView(row).durationInMillis,
        definitionId: ({ definitionId }) => definitionId,
      },
      find: ({ processInstanceId, processDefinitionId }) =>
        ofInstances(
          { ids: listOf(processInstanceId), definitionIds: listOf(processDefinitionId) },
          history.activities,
        ),
      view: historicActivityView,
    });

    api.get<ById>('/history/activity-instance/:id', ({ params: { id } }, reply) => {
      const found = ofInstances({}, history.activities).find((row) => row.id === id);
      if (found) return json(reply, historicActivityView(found));
      throw new BadRequest(`Historic activity instance with id '${id}' does not exist`, 404);
    });
  }

  function registerVariableList(): void {
    type Row = HistoricVariable;
    registerList(api, {
      path: '/history/variable-instance',
      byPost: true,
      filters: {
        processInstanceId: is<Row>(({ processInstanceId }) => processInstanceId),
        processInstanceIdIn: isIn<Row>(({ processInstanceId }) => processInstanceId),
        processDefinitionId: is<Row>(({ definitionId }) => definitionId),
        processDefinitionKey: is<Row>(({ processKey }) => processKey),
        activityInstanceIdIn: isIn<Row>(({ activityInstanceId }) => activityInstanceId),
        executionIdIn: isIn<Row>(({ activityInstanceId }) => activityInstanceId),
        variableName: is<Row>(({ name }) => name),
        variableNameIn: isIn<Row>(({ name }) => name),
        variableNameLike: isLike<Row>(({ name }) => name),
        variableTypeIn: isIn<Row>(({ value }) => [value.type, value.type.toLowerCase()]),
        variableValue: {
          url: z.string(),
          body: z.unknown(),
          matches: ({ value }, wanted) => value.value === wanted || String(value.value) === wanted,
        } satisfies Filter<Row, unknown>,
        // Those that are deleted leave nothing behind here.
        includeDeleted: always<Row>(),
        deserializeValues: always<Row>(),
        ...tenantFilters<Row>(),
      },
      sortKeys: {
        instanceId: ({ processInstanceId }: Row) => processInstanceId,
        variableName: ({ name }: Row) => name,
      },
      find: ({
        processInstanceId,
        processInstanceIdIn,
        processDefinitionId,
        processDefinitionKey,
      }) =>
        ofInstances(
          {
            ids: listOf(processInstanceId) ?? processInstanceIdIn,
            definitionIds: listOf(processDefinitionId),
            processKeys: listOf(processDefinitionKey),
          },
          history.variables,
        ),
      view: (row: Row, { deserializeValues }) =>
        historicVariableView(row, deserializeValues !== false),
    });

    api.get<ById>('/history/variable-instance/:id', ({ params: { id } }, reply) => {
      const found = ofInstances({}, history.variables).find(
        (row) => historicVariableId(row) === id,
      );
      if (found) return json(reply, historicVariableView(found, true));
      throw new BadRequest(`Historic variable instance with Id '${id}' does not exist.`, 404);
    });
  }
}

function listOf(text: string | undefined): string[] | undefined {
  return text === undefined ? undefined : [text];
}
