import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { EmbeddedEngine, ProcessInstance } from './engine-api.ts';
import { unlessGone } from './http-errors.ts';
import {
  holds,
  is,
  isIn,
  isLike,
  isNotIn,
  passedOn,
  tenantFilters,
  withVariables,
} from './http-filters.ts';
import { incidentFilters } from './http-incidents.ts';
import { json, noContent } from './http-json.ts';
import { registerList } from './http-list.ts';
import { variablesOf } from './http-variables.ts';
import { historicInstanceView } from './http-views.ts';
import { incidentRows, incidentRowsIn } from './incident-rows.ts';
import { BadRequest } from './typed-value.ts';

const deleteQuery = z.strictObject({ failIfNotExists: z.enum(['true', 'false']).optional() });

/** /history/process-instance: running and ended ones. */
export function registerHistoryRoutes(api: FastifyInstance, engine: EmbeddedEngine): void {
  const { history, instances } = engine;
  type ById = { Params: { id: string } };
  type Row = ProcessInstance;
  const incidentsOf = ({ id }: Row) => incidentRowsIn(engine, id);
  const activitiesOf = ({ id }: Row) => history.activities(id);
  const view = (row: Row) =>
    historicInstanceView(row, engine.deployments.definitions({ id: row.definitionId })[0]);
  const isEnded = holds<Row>(({ state }) => state !== 'ACTIVE');

  registerList(api, {
    path: '/history/process-instance',
    byPost: true,
    order: 'startTime',
    filters: {
      processInstanceId: passedOn.text,
      processInstanceIds: isIn<Row>(({ id }) => id),
      processInstanceIdNotIn: isNotIn<Row>(({ id }) => id),
      rootProcessInstanceId: passedOn.text,
      processDefinitionId: passedOn.text,
      processDefinitionKey: passedOn.text,
      processDefinitionKeyIn: isIn<Row>(({ processKey }) => processKey),
      processDefinitionKeyNotIn: isNotIn<Row>(({ processKey }) => processKey),
      processInstanceBusinessKey: passedOn.text,
      processInstanceBusinessKeyIn: isIn<Row>(({ businessKey }) => businessKey),
      processInstanceBusinessKeyLike: isLike<Row>(({ businessKey }) => businessKey),
      rootProcessInstances: passedOn.flag,
      finished: isEnded,
      unfinished: passedOn.flag,
      active: passedOn.flag,
      suspended: holds<Row>(() => false),
      completed: holds<Row>(({ state }) => state === 'COMPLETED'),
      externallyTerminated: holds<Row>(({ state }) => state === 'EXTERNALLY_TERMINATED'),
      internallyTerminated: holds<Row>(({ state }) => state === 'INTERNALLY_TERMINATED'),
      startedBefore: passedOn.date,
      startedAfter: passedOn.date,
      finishedBefore: passedOn.date,
      finishedAfter: passedOn.date,
      superProcessInstanceId: passedOn.text,
      subProcessInstanceId: passedOn.text,
      variables: withVariables<Row>(({ id }) => variablesOf(engine, id)),
      withIncidents: holds<Row>((row) => incidentsOf(row).length > 0),
      withRootIncidents: holds<Row>((row) =>
        incidentsOf(row).some((one) => one.id === one.root.id),
      ),
      // An incident that is resolved leaves nothing behind here.
      incidentStatus: is<Row>((row) => incidentsOf(row).map(() => 'open')),
      incidentIdIn: isIn<Row>((row) => incidentsOf(row).map(({ id }) => id)),
      ...incidentFilters<Row>(incidentsOf),
      executedActivityIdIn: isIn<Row>((row) =>
        activitiesOf(row)
          .filter(({ endedAt }) => endedAt !== null)
          .map(({ activityId }) => activityId),
      ),
      activeActivityIdIn: isIn<Row>((row) =>
        activitiesOf(row)
          .filter(({ endedAt }) => endedAt === null)
          .map(({ activityId }) => activityId),
      ),
      ...tenantFilters<Row>(),
    },
    sortKeys: {
      instanceId: ({ id }) => id,
      definitionId: ({ definitionId }) => definitionId,
      definitionKey: ({ processKey }) => processKey,
      definitionName: (row) => view(row).processDefinitionName,
      definitionVersion: (row) => view(row).processDefinitionVersion,
      businessKey: ({ businessKey }) => businessKey,
      startTime: ({ startedAt }) => startedAt,
      endTime: ({ endedAt }) => endedAt,
      duration: (row) => view(row).durationInMillis,
    },
    find: (wanted, page) =>
      instances.list(
        {
          ids: idsOf(wanted),
          rootId: wanted.rootProcessInstanceId,
          definitionIds: wanted.processDefinitionId ? [wanted.processDefinitionId] : undefined,
          processKeys: wanted.processDefinitionKey
            ? [wanted.processDefinitionKey]
            : wanted.processDefinitionKeyIn,
          businessKeys: wanted.processInstanceBusinessKey
            ? [wanted.processInstanceBusinessKey]
            : wanted.processInstanceBusinessKeyIn,
          rootsOnly: wanted.rootProcessInstances || undefined,
          states: wanted.unfinished || wanted.active ? ['ACTIVE'] : undefined,
          startedBefore: wanted.startedBefore,
          startedAfter: wanted.startedAfter,
          endedBefore: wanted.finishedBefore,
          endedAfter: wanted.finishedAfter,
          superId: wanted.superProcessInstanceId,
          subId: wanted.subProcessInstanceId,
        },
        page,
      ),
    view,
  });

  /** Few have incidents: they are asked for by them. */
  function idsOf(wanted: {
    processInstanceId?: string;
    processInstanceIds?: string[];
    incidentStatus?: string;
    withIncidents?: boolean;
    withRootIncidents?: boolean;
  }): string[] | undefined {
    const { processInstanceId, processInstanceIds, incidentStatus } = wanted;
    const ids = processInstanceId === undefined ? processInstanceIds : [processInstanceId];
    if (incidentStatus !== 'open' && !wanted.withIncidents && !wanted.withRootIncidents) return ids;
    const troubled = new Set(incidentRows(engine).flatMap((row) => row.processInstanceId ?? []));
    return ids?.filter((id) => troubled.has(id)) ?? [...troubled];
  }

  api.get<ById>('/history/process-instance/:id', ({ params }, reply) => {
    return json(reply, view(history.instance(params.id)));
  });

  api.delete<ById>('/history/process-instance/:id', async ({ params, query }, reply) => {
    const { failIfNotExists } = deleteQuery.parse(query);
    // A running one is not one that can be found here, in Camunda's words.
    const missing = `Historic process instance with id ${params.id} does not exist`;
    await unlessGone(failIfNotExists, () =>
      history.delete(params.id).catch((cause: unknown) => {
        if (!(cause instanceof BadRequest)) throw cause;
        throw new BadRequest(missing, 404, 'InvalidRequestException', { cause, restCode: 0 });
      }),
    );
    return noContent(reply);
  });
}
