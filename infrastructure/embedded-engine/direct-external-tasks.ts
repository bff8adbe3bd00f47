import type { ExternalTask, ExternalTasks, WantedTasks } from '../../domain/steps/index.ts';
import type { WorkerObserver } from '../worker/reports.ts';
import { callDirectly, unlessGone } from './direct-call.ts';
import { toTask } from './direct-task.ts';
import type {
  ExternalTask as DirectTask,
  EmbeddedEngine,
  LockedTask,
  TopicRequest,
} from './engine-api.ts';
import { variablesView } from './http-variables.ts';
import { externalTaskView } from './http-views.ts';

/** Tasks of a topic that are looked at for those that wait. */
const MAX_LOOKED_AT = 1_000;

/** The external tasks for workers elsewhere, by direct calls of the embedded engine. */
export function createDirectExternalTasks(
  { externalTasks, deployments }: Pick<EmbeddedEngine, 'externalTasks' | 'deployments'>,
  { makeCall }: Pick<WorkerObserver, 'makeCall'>,
): ExternalTasks {
  const reporter = (locked: LockedTask, workerId: string) =>
    toTask(locked, { externalTasks, workerId, makeCall, onReport: () => {} });

  const propertiesOf = ({ definitionId, activityId, topic }: LockedTask, all: WantedTasks[]) =>
    all.some(({ name, extensionProperties }) => extensionProperties && name === topic)
      ? deployments.extensionProperties(definitionId, activityId)
      : {};

  return {
    fetch: ({ workerId, maxTasks, usePriority, order, topics }, waitMs, signal) =>
      callDirectly(async () => {
        if (signal.aborted) return [];
        const fetch = externalTasks.fetchAndLock({
          workerId,
          maxTasks,
          usePriority,
          ...(order ? { createTime: order } : {}),
          topics: topics.map(requestFor),
          asyncResponseTimeout: waitMs,
        });
        const locked = await unlessAborted(fetch, signal);
        return locked.map((task) => {
          const extensionProperties = propertiesOf(task, [...topics]);
          const { view, ...facts } = toExternalTask(task);
          return {
            ...facts,
            view: { ...view, extensionProperties },
            variables: variablesView(task.variables),
            task: reporter(task, workerId),
          };
        });
      }),
    async find(id) {
      const found = await unlessGone(() => externalTasks.get(id));
      return found && toExternalTask(found);
    },
    open: ({ id }, workerId, names) =>
      callDirectly(() => {
        const visible = Object.entries(externalTasks.variables(id));
        const variables = Object.fromEntries(visible.filter(([name]) => names.includes(name)));
        const errorDetails = externalTasks.errorDetails(id);
        return reporter({ ...externalTasks.get(id), errorDetails, variables }, workerId);
      }),
    lock: (id, workerId, durationMs) =>
      callDirectly(() => externalTasks.lock(id, workerId, durationMs)),
    extendLock: (id, workerId, durationMs) =>
      callDirectly(() => externalTasks.extendLock(id, workerId, durationMs)),
    unlock: (id) => callDirectly(() => externalTasks.unlock(id)),
    waiting: ({ name, processKeys }) =>
      callDirectly(() => {
        const filter = { topicName: name, withRetriesLeft: true };
        const open = externalTasks.list(filter, { firstResult: 0, maxResults: MAX_LOOKED_AT });
        const now = Date.now();
        const waiting = open.filter(
          ({ lockedUntil, processKey }) =>
            (lockedUntil ?? 0) <= now && (processKeys?.includes(processKey) ?? true),
        );
        const oldest = Math.min(...waiting.map(({ createdAt }) => createdAt));
        return {
          count: waiting.length,
          isWhole: open.length < MAX_LOOKED_AT,
          oldestAt: waiting.length === 0 ? null : new Date(oldest).toISOString(),
        };
      }),
  };
}

/** What was locked, or nothing as soon as the signal fires: then nothing more is locked. */
async function unlessAborted(
  { tasks, cancel }: { tasks: Promise<LockedTask[]>; cancel(): void },
  signal: AbortSignal,
): Promise<LockedTask[]> {
  let stop = (): void => {};
  const aborted = new Promise<LockedTask[]>((resolve) => {
    stop = () => {
      cancel();
      // Race: tasks that were locked in this turn of the event loop come first.
      setImmediate(resolve, []);
    };
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([tasks, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function toExternalTask(task: DirectTask): ExternalTask {
  return {
    id: task.id,
    processKey: task.processKey,
    topic: task.topic,
    activityId: task.activityId,
    instanceId: task.processInstanceId,
    businessKey: task.businessKey,
    workerId: task.workerId,
    view: externalTaskView(task),
  };
}

function requestFor(wanted: WantedTasks): TopicRequest {
  const { processKeys, processDefinitionIds, businessKey, versionTag } = wanted;
  return {
    topicName: wanted.name,
    lockDuration: wanted.lockDurationMs,
    variables: wanted.variables,
    ...(processKeys ? { processDefinitionKeyIn: processKeys } : {}),
    ...(processDefinitionIds ? { processDefinitionIdIn: processDefinitionIds } : {}),
    ...(businessKey === undefined ? {} : { businessKey }),
    ...(versionTag === undefined ? {} : { versionTag }),
  };
}
