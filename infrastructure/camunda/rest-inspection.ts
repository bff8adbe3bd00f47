import { z } from 'zod';
import { EngineRefusedError } from '../../domain/common/index.ts';
import {
  type ActivityTree,
  type EngineIncident,
  type EngineInspection,
  type EngineInstance,
  instanceState,
  waitsAtJoins,
} from '../../domain/engine/index.ts';
import type { CallEngine } from './call-engine.ts';
import { createFindWaiting } from './rest-waiting.ts';

/** Times as Camunda writes them, `2026-01-31T12:00:00.000+0100`. */
export const time = z.string().transform((text) => new Date(text).toISOString());

export const instancesAnswer = z.array(
  z.object({
    id: z.string(),
    businessKey: z.string().nullable(),
    processDefinitionKey: z.string(),
    state: z.string(),
    endTime: time.nullish(),
    deleteReason: z.string().nullish(),
    rootProcessInstanceId: z.string().nullish(),
  }),
);
export const causeAnswer = z.object({
  id: z.string(),
  incidentType: z.string(),
  /** The external task or job; null on the incident that a called instance's one brings with it. */
  configuration: z.string().nullable(),
  rootCauseIncidentId: z.string().nullish(),
});
export type Cause = z.infer<typeof causeAnswer>;
const incidentsAnswer = z.array(
  causeAnswer.extend({
    processInstanceId: z.string(),
    activityId: z.string().nullable(),
    incidentMessage: z.string().nullable(),
    incidentTimestamp: time,
  }),
);
/** Null for a task of a case, or of nothing. */
const ofInstances = z.array(z.object({ processInstanceId: z.string().nullable() }));
/** As the REST API names its parts. */
interface ActivityInstance {
  activityType: string;
  childActivityInstances: ActivityInstance[];
  childTransitionInstances: unknown[];
}
const activityInstance: z.ZodType<ActivityInstance> = z.object({
  activityType: z.string(),
  childActivityInstances: z.array(z.lazy(() => activityInstance)),
  childTransitionInstances: z.array(z.unknown()),
});

/** Rows asked for at once; engines may refuse queries without a limit. */
const PAGE = 1_000;
const OLDEST_FIRST = [
  { sortBy: 'startTime', sortOrder: 'asc' },
  { sortBy: 'instanceId', sortOrder: 'asc' },
];

export function toInstance(found: z.infer<typeof instancesAnswer>[number]): EngineInstance {
  return {
    processInstanceId: found.id,
    businessKey: found.businessKey,
    processKey: found.processDefinitionKey,
    state: instanceState(found.state),
    endedAt: found.endTime ?? null,
    deleteReason: found.deleteReason ?? null,
  };
}

export function createInspection(call: CallEngine): EngineInspection {
  const history = (body: object, offset: number, limit: number) =>
    call(
      instancesAnswer,
      'POST',
      `/history/process-instance?firstResult=${offset}&maxResults=${limit}`,
      { ...body, sorting: OLDEST_FIRST },
    );

  /** Page after page, until one is not full or there are so many. */
  async function all<T>(
    read: (offset: number) => Promise<T[]>,
    maxRows = Number.POSITIVE_INFINITY,
  ): Promise<T[]> {
    const found: T[] = [];
    for (;;) {
      const page = await read(found.length);
      found.push(...page);
      if (page.length < PAGE || found.length >= maxRows) return found;
    }
  }

  /** The instances that have rows at a path of many. */
  async function having(path: string, filter: object, maxRows?: number): Promise<Set<string>> {
    const rows = await all(
      (offset) =>
        call(ofInstances, 'POST', `${path}?firstResult=${offset}&maxResults=${PAGE}`, filter),
      maxRows,
    );
    return new Set(rows.flatMap(({ processInstanceId }) => processInstanceId ?? []));
  }

  async function rootsOf(processInstanceIds: readonly string[]): Promise<Map<string, string>> {
    if (processInstanceIds.length === 0) return new Map();
    const found = await all((offset) => history({ processInstanceIds }, offset, PAGE));
    return new Map(found.map(({ id, rootProcessInstanceId }) => [id, rootProcessInstanceId ?? id]));
  }

  /** An incident in a called instance shows in those that called it, and names that one as its root. */
  async function causeOf(found: Cause): Promise<Cause> {
    // Resolved between the two calls: then the one that shows it is about to be as well.
    return (await unlessUnknown(() => rootOf(call, found))) ?? found;
  }

  return {
    async findInstancesOf(processKeys, businessKeys) {
      if (businessKeys.length === 0) return [];
      const filter = {
        processInstanceBusinessKeyIn: businessKeys,
        processDefinitionKeyIn: processKeys,
        rootProcessInstances: true,
      };
      return (await all((offset) => history(filter, offset, PAGE))).map(toInstance);
    },
    async listRunning(processKeys, { startedBefore, offset, limit }) {
      const filter = {
        processDefinitionKeyIn: processKeys,
        rootProcessInstances: true,
        unfinished: true,
        startedBefore: startedBefore.replace('Z', '+0000'),
      };
      return (await history(filter, offset, limit)).map(toInstance);
    },
    async findIncidents(processInstanceIds) {
      if (processInstanceIds.length === 0) return [];
      const filter = { processInstanceIds, incidentStatus: 'open' };
      // Few have any; the list of incidents can be asked about one instance at a time only.
      const troubled = await all((offset) => history(filter, offset, PAGE));
      const incidents: EngineIncident[] = [];
      for (const { id } of troubled) {
        const path = `/incident?processInstanceId=${encodeURIComponent(id)}`;
        for (const found of await call(incidentsAnswer, 'GET', path)) {
          const cause = await causeOf(found);
          incidents.push({
            id: cause.id,
            taskId: cause.incidentType === 'failedExternalTask' ? cause.configuration : null,
            processInstanceId: found.processInstanceId,
            activityId: found.activityId,
            message: found.incidentMessage,
            at: found.incidentTimestamp,
          });
        }
      }
      return incidents;
    },
    async findIdle(processInstanceIds) {
      if (processInstanceIds.length === 0) return [];
      const busy = await Promise.all([
        having('/external-task', { processInstanceIdIn: processInstanceIds }),
        having('/task', { processInstanceIdIn: processInstanceIds }),
        having('/job', { processInstanceIds }),
      ]);
      return processInstanceIds.filter((id) => !busy.some((ids) => ids.has(id)));
    },
    findWaitingForPeople: createFindWaiting({ having, rootsOf }),
    // They have no states that could not be read.
    findUnreadable: async () => [],
    async isRunning(processInstanceId) {
      const path = `/process-instance/${encodeURIComponent(processInstanceId)}`;
      return (await unlessUnknown(() => call(z.unknown(), 'GET', path))) !== null;
    },
    async isStuck(processInstanceId) {
      const id = encodeURIComponent(processInstanceId);
      const root = await unlessUnknown(() =>
        call(activityInstance, 'GET', `/process-instance/${id}/activity-instances`),
      );
      return root !== null && waitsAtJoins(treeOf(root));
    },
    async isWorkedOn(processInstanceId) {
      const id = encodeURIComponent(processInstanceId);
      const path = `/external-task?processInstanceId=${id}&locked=true`;
      return (await call(ofInstances, 'GET', path)).length > 0;
    },
  };
}

function treeOf(found: ActivityInstance): ActivityTree {
  return {
    activityType: found.activityType,
    children: found.childActivityInstances.map(treeOf),
    transitions: found.childTransitionInstances,
  };
}

/** The incident that caused this one, or itself. */
export async function rootOf(call: CallEngine, found: Cause): Promise<Cause> {
  const { rootCauseIncidentId: rootId } = found;
  if (!rootId || rootId === found.id) return found;
  return call(causeAnswer, 'GET', `/incident/${encodeURIComponent(rootId)}`);
}

/** Null when the engine knows what was asked for no more. */
export async function unlessUnknown<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof EngineRefusedError && error.httpStatus === 404) return null;
    throw error;
  }
}
