import type { FastifyInstance } from 'fastify';
import type { EmbeddedEngine } from './engine-api.ts';
import { is, isAfter, isBefore, isIn, isLike, tenantFilters } from './http-filters.ts';
import { json, time } from './http-json.ts';
import { registerList } from './http-list.ts';
import { type IncidentRow, incidentRows, incidentRowsIn } from './incident-rows.ts';
import { BadRequest } from './typed-value.ts';

/** Filters of what has incidents, by those. */
export function incidentFilters<Row>(incidentsOf: (row: Row) => IncidentRow[]) {
  return {
    incidentId: is<Row>((row) => incidentsOf(row).map(({ id }) => id)),
    incidentType: is<Row>((row) => incidentsOf(row).map(({ root }) => root.type)),
    incidentMessage: is<Row>((row) => incidentsOf(row).map(messageOf)),
    incidentMessageLike: isLike<Row>((row) => incidentsOf(row).map(messageOf)),
  };
}

/** /incident */
export function registerIncidentRoutes(api: FastifyInstance, engine: EmbeddedEngine): void {
  registerList(api, {
    path: '/incident',
    filters: {
      ...incidentFilters<IncidentRow>((row) => [row]),
      processDefinitionId: is<IncidentRow>(({ definitionId }) => definitionId),
      processDefinitionKeyIn: isIn<IncidentRow>(({ definitionId }) => definitionId.split(':')[0]),
      processInstanceId: is<IncidentRow>(({ processInstanceId }) => processInstanceId),
      executionId: is<IncidentRow>(({ executionId }) => executionId),
      activityId: is<IncidentRow>(({ activityId }) => activityId),
      failedActivityId: is<IncidentRow>(({ activityId }) => activityId),
      causeIncidentId: is<IncidentRow>(({ causeId }) => causeId),
      rootCauseIncidentId: is<IncidentRow>(({ root }) => root.id),
      configuration: is<IncidentRow>(configurationOf),
      incidentTimestampBefore: isBefore<IncidentRow>(({ root }) => root.since),
      incidentTimestampAfter: isAfter<IncidentRow>(({ root }) => root.since),
      ...tenantFilters<IncidentRow>(),
    },
    sortKeys: {
      incidentId: ({ id }) => id,
      incidentMessage: messageOf,
      incidentTimestamp: ({ root }) => root.since,
      incidentType: ({ root }) => root.type,
      executionId: ({ executionId }) => executionId,
      activityId: ({ activityId }) => activityId,
      processInstanceId: ({ processInstanceId }) => processInstanceId,
      processDefinitionId: ({ definitionId }) => definitionId,
      causeIncidentId: ({ causeId }) => causeId,
      rootCauseIncidentId: ({ root }) => root.id,
      configuration: configurationOf,
    },
    find: ({ processInstanceId, rootCauseIncidentId }) =>
      processInstanceId === undefined
        ? incidentRows(engine, { id: rootCauseIncidentId })
        : incidentRowsIn(engine, processInstanceId),
    view: incidentView,
  });

  api.get<{ Params: { id: string } }>('/incident/:id', ({ params: { id } }, reply) => {
    const [rootId = ''] = id.split('@');
    const found = incidentRows(engine, { id: rootId }).find((row) => row.id === id);
    if (!found) throw new BadRequest(`No matching incident with id ${id}`, 404);
    return json(reply, incidentView(found));
  });
}

/** Only the incident itself has a message and a configuration. */
function messageOf({ id, root }: IncidentRow): string | null {
  return id === root.id ? root.message : null;
}

function configurationOf({ id, root }: IncidentRow): string | null {
  return id === root.id ? root.configuration : null;
}

function incidentView(row: IncidentRow) {
  const { root } = row;
  return {
    id: row.id,
    processDefinitionId: row.definitionId,
    processInstanceId: row.processInstanceId,
    executionId: row.executionId,
    incidentTimestamp: time(root.since),
    incidentType: root.type,
    activityId: row.activityId,
    failedActivityId: row.activityId,
    causeIncidentId: row.causeId,
    rootCauseIncidentId: root.id,
    configuration: configurationOf(row),
    incidentMessage: messageOf(row),
    tenantId: null,
    jobDefinitionId: null,
    annotation: null,
  };
}
