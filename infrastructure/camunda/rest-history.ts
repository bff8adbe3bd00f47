import { z } from 'zod';
import {
  type EngineHistory,
  type HistoricActivity,
  type HistoricInstance,
  historyOf,
  MAX_HISTORY,
} from '../../domain/engine/index.ts';
import type { CallEngine } from './call-engine.ts';
import type { RestClient } from './rest-client.ts';
import { time, unlessUnknown } from './rest-inspection.ts';

const instanceAnswer = z.object({
  processDefinitionKey: z.string(),
  processDefinitionId: z.string(),
  superProcessInstanceId: z.string().nullish(),
});
const versionAnswer = z.object({ version: z.number() });
const activitiesAnswer = z.array(
  z.object({
    id: z.string(),
    parentActivityInstanceId: z.string().nullable(),
    activityId: z.string(),
    activityName: z.string().nullable(),
    activityType: z.string(),
    calledProcessInstanceId: z.string().nullable(),
    taskId: z.string().nullable(),
    startTime: time,
    endTime: time.nullable(),
    canceled: z.boolean(),
  }),
);
const tasksAnswer = z.array(
  z.object({ externalTaskId: z.string(), activityInstanceId: z.string().nullable() }),
);
const IN_ORDER = [
  { sortBy: 'startTime', sortOrder: 'asc' },
  { sortBy: 'occurrence', sortOrder: 'asc' },
];

/**
 * The past of an instance by the REST API. Which external task an activity had is in the history of level `full` only.
 *
 * @param open a client for the calls of one question
 * @see https://docs.camunda.org/rest/camunda-bpm-platform/7.24/#tag/Historic-Activity-Instance
 */
export function createRestHistory(open: () => Pick<RestClient, 'call'>): EngineHistory {
  /** By the id of a definition; these never change. */
  const versions = new Map<string, number>();

  async function versionOf(call: CallEngine, id: string): Promise<number | null> {
    const known = versions.get(id);
    if (known !== undefined) return known;
    const path = `/process-definition/${encodeURIComponent(id)}`;
    const found = await unlessUnknown(() => call(versionAnswer, 'GET', path));
    if (found) versions.set(id, found.version);
    return found?.version ?? null;
  }

  async function readInstance(call: CallEngine, id: string): Promise<HistoricInstance | null> {
    const path = `/history/process-instance/${encodeURIComponent(id)}`;
    const found = await unlessUnknown(() => call(instanceAnswer, 'GET', path));
    return (
      found && {
        processInstanceId: id,
        processKey: found.processDefinitionKey,
        version: await versionOf(call, found.processDefinitionId),
        calledBy: found.superProcessInstanceId ?? null,
      }
    );
  }

  async function readActivities(call: CallEngine, id: string): Promise<HistoricActivity[]> {
    const page = `maxResults=${MAX_HISTORY.activities + 1}`;
    const [found, tasks] = await Promise.all([
      call(activitiesAnswer, 'POST', `/history/activity-instance?${page}`, {
        processInstanceId: id,
        sorting: IN_ORDER,
      }),
      call(tasksAnswer, 'POST', `/history/external-task-log?${page}`, {
        processInstanceId: id,
        creationLog: true,
      }),
    ]);
    const taskOf = new Map(tasks.map((one) => [one.activityInstanceId, one.externalTaskId]));
    return found.map((one) => ({
      id: one.id,
      parentId: one.parentActivityInstanceId ?? id,
      activityId: one.activityId,
      name: one.activityName,
      type: one.activityType,
      processInstanceId: id,
      calledInstanceId: one.calledProcessInstanceId,
      taskId: one.taskId ?? taskOf.get(one.id) ?? null,
      startedAt: one.startTime,
      endedAt: one.endTime,
      cancelled: one.canceled,
    }));
  }

  return {
    async readHistory(processInstanceId) {
      const { call } = open();
      const instances: HistoricInstance[] = [];
      const activities: HistoricActivity[] = [];
      const ids = [processInstanceId];
      for (const id of ids) {
        if (instances.length === MAX_HISTORY.instances)
          return historyOf(instances, activities, false);
        const instance = await readInstance(call, id);
        if (!instance) continue;
        instances.push(instance);
        const own = await readActivities(call, id);
        activities.push(...own);
        ids.push(...own.flatMap(({ calledInstanceId }) => calledInstanceId ?? []));
      }
      return instances.length === 0 ? null : historyOf(instances, activities, true);
    },
  };
}
