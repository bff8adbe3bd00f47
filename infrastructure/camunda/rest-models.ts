import { z } from 'zod';
import type { EngineModels } from '../../domain/engine/index.ts';
import type { RestClient } from './rest-client.ts';

const statisticsAnswer = z.array(
  z.object({
    instances: z.number(),
    definition: z.object({
      id: z.string(),
      key: z.string(),
      name: z.string().nullable(),
      version: z.number(),
      versionTag: z.string().nullable(),
      deploymentId: z.string(),
      tenantId: z.string().nullable(),
    }),
  }),
);
const xmlAnswer = z.object({ bpmn20Xml: z.string() });
const activitiesAnswer = z.array(
  z.object({
    id: z.string(),
    instances: z.number(),
    incidents: z.array(z.object({ incidentCount: z.number() })),
  }),
);
/** The engines count the loop around a repeated activity apart from its repetitions. */
const LOOP = '#multiInstanceBody';

/**
 * Deployed models by the REST API.
 *
 * @param open a client for the calls of one question
 * @see https://docs.camunda.org/rest/camunda-bpm-platform/7.24/#tag/Process-Definition
 */
export function createRestModels(open: () => Pick<RestClient, 'call'>): EngineModels {
  const pathOf = (id: string): string => `/process-definition/${encodeURIComponent(id)}`;

  return {
    async listDefinitions(processKeys) {
      const keys = new Set(processKeys);
      const found = await open().call(statisticsAnswer, 'GET', '/process-definition/statistics');
      return found
        .filter(({ definition: { key, tenantId } }) => keys.has(key) && tenantId === null)
        .map(({ definition, instances }) => {
          const { id, key: processKey, name, version, versionTag, deploymentId } = definition;
          return { id, processKey, name, version, versionTag, deploymentId, running: instances };
        });
    },
    async readBpmn(id) {
      return (await open().call(xmlAnswer, 'GET', `${pathOf(id)}/xml`)).bpmn20Xml;
    },
    async countOpenActivities(id) {
      const path = `${pathOf(id)}/statistics?incidents=true`;
      const found = await open().call(activitiesAnswer, 'GET', path);
      return found
        .filter((one) => !one.id.endsWith(LOOP))
        .map(({ id: activityId, instances, incidents }) => ({
          activityId,
          open: instances,
          incidents: incidents.reduce((sum, { incidentCount }) => sum + incidentCount, 0),
        }));
    },
  };
}
