import {
  type EngineHistory,
  type HistoricActivity,
  historyOf,
  MAX_HISTORY,
} from '../../domain/engine/index.ts';
import type { callDirectly } from './direct-call.ts';
import type { EmbeddedEngine } from './engine-api.ts';

/** The past of an instance by direct calls of the embedded engine. */
export function createDirectHistory(
  { instances, history, deployments }: EmbeddedEngine,
  call: typeof callDirectly,
): EngineHistory {
  function activitiesOf(id: string): HistoricActivity[] {
    return history.activities(id).map((one) => ({
      id: one.id,
      parentId: one.parentActivityInstanceId,
      activityId: one.activityId,
      name: one.activityName,
      type: one.activityType,
      processInstanceId: one.processInstanceId,
      calledInstanceId: one.calledProcessInstanceId,
      // A task has the id of its activity.
      taskId: one.id,
      startedAt: new Date(one.startedAt).toISOString(),
      endedAt: one.endedAt === null ? null : new Date(one.endedAt).toISOString(),
      cancelled: one.cancelled,
    }));
  }

  return {
    readHistory: (processInstanceId) =>
      call(() => {
        const [own] = instances.list({ ids: [processInstanceId] });
        if (!own) return null;
        const page = { maxResults: MAX_HISTORY.instances };
        const called = instances.list({ rootId: own.rootId }, page);
        const found = [own, ...called.filter(({ id }) => id !== own.id)];
        return historyOf(
          found.map(({ id, processKey, definitionId, superId }) => ({
            processInstanceId: id,
            processKey,
            version: deployments.definitions({ id: definitionId })[0]?.version ?? null,
            calledBy: superId,
          })),
          found.flatMap(({ id }) => activitiesOf(id)),
          called.length < MAX_HISTORY.instances,
        );
      }),
  };
}
