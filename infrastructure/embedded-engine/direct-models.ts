import type { EngineModels } from '../../domain/engine/index.ts';
import type { callDirectly } from './direct-call.ts';
import type { EmbeddedEngine } from './engine-api.ts';
import { incidentRows } from './incident-rows.ts';

/** Deployed models by direct calls of the embedded engine. */
export function createDirectModels(
  engine: EmbeddedEngine,
  call: typeof callDirectly,
): EngineModels {
  const { deployments, instances } = engine;

  return {
    listDefinitions: (processKeys) =>
      call(() => {
        const running = instances.countRunning();
        return deployments.definitions({ keys: processKeys }).map((definition) => ({
          id: definition.id,
          processKey: definition.key,
          name: definition.name,
          version: definition.version,
          versionTag: definition.versionTag,
          deploymentId: definition.deploymentId,
          running: running.get(definition.id) ?? 0,
        }));
      }),
    readBpmn: (id) => call(() => deployments.xml(id)),
    countOpenActivities: (id) =>
      call(() => {
        const open = instances.countOpenActivities(id);
        const incidents = new Map<string, number>();
        for (const { definitionId, activityId } of incidentRows(engine)) {
          if (definitionId !== id || activityId === null) continue;
          incidents.set(activityId, (incidents.get(activityId) ?? 0) + 1);
        }
        return [...new Set([...open.keys(), ...incidents.keys()])].map((activityId) => ({
          activityId,
          open: open.get(activityId) ?? 0,
          incidents: incidents.get(activityId) ?? 0,
        }));
      }),
  };
}
