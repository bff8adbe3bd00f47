import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ActivityInstance, EmbeddedEngine, ProcessInstance } from './engine-api.ts';
import { unlessGone } from './http-errors.ts';
import {
  always,
  holds,
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
import { registerVariableRoutes } from './http-variables.ts';
import { activityInstanceView, instanceView } from './http-views.ts';
import { incidentRowsIn } from './incident-rows.ts';

const flag = z.enum(['true', 'false']).optional();
const deleteQuery = z.strictObject({
  // There are no listeners here, and an instance that is deleted maps nothing.
  skipCustomListeners: flag,
  skipIoMappings: flag,
  skipSubprocesses: z.literal('false').optional(),
  failIfNotExists: flag,
});

/** /process-instance: those that are running. */
export function registerInstanceRoutes(api: FastifyInstance, engine: EmbeddedEngine): void {
  const { instances } = engine;
  type ById = { Params: { id: string } };
  type Row = ProcessInstance;
  const incidentsOf = ({ id }: Row) => incidentRowsIn(engine, id);

  registerList(api, {
    path: '/process-instance',
    byPost: true,
    order: 'startTime',
    filters: {
      processInstanceIds: passedOn.texts,
      deploymentId: passedOn.text,
      processDefinitionId: passedOn.text,
      processDefinitionKey: passedOn.text,
      processDefinitionKeyIn: isIn<Row>(({ processKey }) => processKey),
      processDefinitionKeyNotIn: isNotIn<Row>(({ processKey }) => processKey),
      businessKey: passedOn.text,
      businessKeyLike: isLike<Row>(({ businessKey }) => businessKey),
      superProcessInstance: passedOn.text,
      subProcessInstance: passedOn.text,
      rootProcessInstanceId: passedOn.text,
      rootProcessInstances: passedOn.flag,
      leafProcessInstances: holds<Row>(
        ({ id }) => instances.count({ superId: id, states: ['ACTIVE'] }) === 0,
      ),
      active: always<Row>(),
      suspended: holds<Row>(() => false),
      variables: withVariables<Row>(({ id }) => instances.variables(id)),
      activityIdIn: isIn<Row>(({ id }) => openActivities(instances.activityTree(id))),
      withIncident: holds<Row>((row) => incidentsOf(row).length > 0),
      ...incidentFilters<Row>(incidentsOf),
      ...tenantFilters<Row>(),
    },
    sortKeys: {
      instanceId: ({ id }) => id,
      definitionId: ({ definitionId }) => definitionId,
      definitionKey: ({ processKey }) => processKey,
      businessKey: ({ businessKey }) => businessKey,
    },
    find: (wanted, page) =>
      instances.list(
        {
          ids: wanted.processInstanceIds,
          deploymentId: wanted.deploymentId,
          definitionIds: oneOrNone(wanted.processDefinitionId),
          processKeys: oneOrNone(wanted.processDefinitionKey),
          businessKeys: oneOrNone(wanted.businessKey),
          superId: wanted.superProcessInstance,
          subId: wanted.subProcessInstance,
          rootId: wanted.rootProcessInstanceId,
          rootsOnly: wanted.rootProcessInstances || undefined,
          states: ['ACTIVE'],
        },
        page,
      ),
    view: instanceView,
  });

  api.get<ById>('/process-instance/:id', ({ params }, reply) => {
    return json(reply, instanceView(instances.get(params.id)));
  });

  api.delete<ById>('/process-instance/:id', async ({ params, query }, reply) => {
    const { failIfNotExists } = deleteQuery.parse(query);
    await unlessGone(failIfNotExists, () => instances.delete(params.id, null));
    return noContent(reply);
  });

  api.get<ById>('/process-instance/:id/activity-instances', ({ params }, reply) => {
    return json(reply, activityInstanceView(instances.activityTree(params.id)));
  });

  registerVariableRoutes(api, {
    path: '/process-instance/:id/variables',
    owner: 'process instance',
    read: instances.variables,
    change: instances.setVariables,
  });
}

function oneOrNone(text: string | undefined): string[] | undefined {
  return text === undefined ? undefined : [text];
}

function openActivities({ children, transitions }: ActivityInstance): string[] {
  return [
    ...transitions.map(({ activityId }) => activityId),
    ...children.flatMap((child) => [child.activityId, ...openActivities(child)]),
  ];
}
