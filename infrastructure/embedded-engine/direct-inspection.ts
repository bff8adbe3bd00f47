import {
  type EngineIncident,
  type EngineInspection,
  type EngineInstance,
  instanceState,
  waitsAtJoins,
} from '../../domain/engine/index.ts';
import type { callDirectly } from './direct-call.ts';
import { unlessGone } from './direct-call.ts';
import type { EmbeddedEngine, ProcessInstance } from './engine-api.ts';
import { type IncidentRow, incidentRowsIn } from './incident-rows.ts';

export function toInstance(found: ProcessInstance): EngineInstance {
  return {
    processInstanceId: found.id,
    businessKey: found.businessKey,
    processKey: found.processKey,
    state: instanceState(found.state),
    endedAt: found.endedAt === null ? null : new Date(found.endedAt).toISOString(),
    deleteReason: found.deleteReason,
  };
}

/** What the reconciler asks. */
export function createDirectInspection(
  engine: EmbeddedEngine,
  call: typeof callDirectly,
): EngineInspection {
  const { instances, externalTasks, userTasks, jobs } = engine;

  return {
    findInstancesOf: (processKeys, businessKeys) =>
      call(() => {
        if (businessKeys.length === 0) return [];
        return instances.list({ processKeys, businessKeys, rootsOnly: true }).map(toInstance);
      }),
    listRunning: (processKeys, { startedBefore, offset, limit }) =>
      call(() =>
        instances
          .list(
            {
              processKeys,
              rootsOnly: true,
              states: ['ACTIVE'],
              startedBefore: Date.parse(startedBefore),
            },
            { firstResult: offset, maxResults: limit },
          )
          .map(toInstance),
      ),
    findIncidents: (processInstanceIds) =>
      call(() =>
        processInstanceIds.flatMap((id) =>
          incidentRowsIn(engine, id).map((row) => toEngineIncident(id, row)),
        ),
      ),
    findIdle: (processInstanceIds) =>
      call(() => {
        if (processInstanceIds.length === 0) return [];
        const filter = { processInstanceIds };
        const busy = [
          ...externalTasks.list(filter),
          ...userTasks.list(filter),
          ...jobs.list(filter),
        ];
        const ids = new Set(busy.map((one) => one.processInstanceId));
        return processInstanceIds.filter((id) => !ids.has(id));
      }),
    findWaitingForPeople: (processInstanceIds) =>
      call(() => userTasks.waitingRoots(processInstanceIds)),
    findUnreadable: () =>
      call(() => {
        const ids = engine.unreadable().map((one) => one.rootProcessInstanceId);
        return instances.list({ ids, states: ['ACTIVE'] }).map((found) => ({
          processInstanceId: found.id,
          businessKey: found.businessKey,
          processKey: found.processKey,
        }));
      }),
    isRunning: (id) => call(() => instances.count({ ids: [id], states: ['ACTIVE'] }) > 0),
    async isStuck(processInstanceId) {
      const root = await unlessGone(() => call(() => instances.activityTree(processInstanceId)));
      return root !== null && waitsAtJoins(root);
    },
    isWorkedOn: (processInstanceId) =>
      call(
        () => externalTasks.count({ processInstanceIds: [processInstanceId], locked: true }) > 0,
      ),
  };
}

function toEngineIncident(
  processInstanceId: string,
  { id, activityId, root }: IncidentRow,
): EngineIncident {
  return {
    id: root.id,
    taskId: root.type === 'failedExternalTask' ? root.configuration : null,
    processInstanceId,
    activityId,
    // Camunda shows it in the instance where it arose only.
    message: id === root.id ? root.message : null,
    at: new Date(root.since).toISOString(),
  };
}
