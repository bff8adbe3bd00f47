import { z } from 'zod';
import type {
  ExternalTask,
  ExternalTasks,
  Report,
  Task,
  WantedTasks,
} from '../../domain/steps/index.ts';
import { javaNumber } from '../worker/java-numbers.ts';
import { readTaskVariable } from '../worker/object-variables.ts';
import { reportOf, type WorkerObserver } from '../worker/reports.ts';
import { type EngineAuth, noAuth } from './engine-auth.ts';
import { createRestClient } from './rest-client.ts';
import { unlessUnknown } from './rest-inspection.ts';
import { callTask, type TaskCall, taskReports } from './task-reports.ts';

export interface RestExternalTasks extends ExternalTasks {
  close(): Promise<void>;
}

const variableAnswer = z.object({
  type: z.string(),
  value: z.unknown(),
  valueInfo: z.record(z.string(), z.unknown()).nullish(),
});
type Variable = z.infer<typeof variableAnswer>;
const taskAnswer = z.looseObject({
  id: z.string(),
  activityId: z.string().nullable(),
  processInstanceId: z.string().nullable(),
  processDefinitionKey: z.string().nullable(),
  executionId: z.string().nullable(),
  topicName: z.string(),
  businessKey: z.string().nullish(),
  workerId: z.string().nullable(),
  retries: z.number().nullable(),
  createTime: z.string().nullish(),
});
type Found = z.infer<typeof taskAnswer>;
const lockedAnswer = z.array(
  taskAnswer.extend({
    errorDetails: z.string().nullish(),
    variables: z.record(z.string(), variableAnswer).nullish(),
  }),
);
const variablesAnswer = z.array(
  variableAnswer.extend({ name: z.string(), executionId: z.string().nullable() }),
);
const nothing = z.null();

/**
 * Milliseconds the engine holds one poll: it continues to lock tasks for a poll whose connection was cut, so the wait of a
 * worker is made of short ones, which end by themselves when the worker hangs up or the service stops.
 */
const POLL_MS = 1_000;
/** Ids of the engines have digits; `count` and `retries` are other paths. */
const ID = /^(?=.*\d)[\w:-]+$/;
const OBJECT = 'Object';

/**
 * The external tasks for workers elsewhere, by the REST API of an engine.
 *
 * @see https://docs.camunda.org/rest/camunda-bpm-platform/7.24/#tag/External-Task
 */
export function createRestExternalTasks(
  options: { baseUrl: string; auth?: EngineAuth | undefined; timeoutMs?: number },
  { makeCall }: Pick<WorkerObserver, 'makeCall'>,
): RestExternalTasks {
  const { baseUrl, auth = noAuth(), timeoutMs = 15_000 } = options;
  const { call, change, text, close } = createRestClient({ baseUrl, auth, timeoutMs });

  function reporter(facts: TaskFacts, workerId: string): Task {
    const { id } = facts.found;
    return toTask(facts, async (operation, body) => {
      try {
        await makeCall(operation, () => callTask(change, { id, workerId }, operation, body));
        return { kind: 'reported' };
      } catch (error) {
        return reportOf(error);
      }
    });
  }

  return {
    async fetch({ workerId, maxTasks, usePriority, order, topics }, waitMs, signal) {
      const body = {
        workerId,
        maxTasks,
        usePriority,
        ...(order ? { sorting: [{ sortBy: 'createTime', sortOrder: order }] } : {}),
        topics: topics.map(requestFor),
      };
      for (const end = Date.now() + waitMs; ; ) {
        const asyncResponseTimeout = Math.min(POLL_MS, Math.max(0, end - Date.now()));
        const path = '/external-task/fetchAndLock';
        const given = await call(lockedAnswer, 'POST', path, {
          ...body,
          ...(asyncResponseTimeout > 0 ? { asyncResponseTimeout } : {}),
        });
        if (given.length === 0 && !signal.aborted && Date.now() < end) continue;
        return given.map(({ variables: given, errorDetails, ...found }) => {
          const variables = given ?? {};
          const facts = { found, variables, mark: errorDetails ?? null };
          return {
            ...toExternalTask(found),
            variables: Object.fromEntries(
              Object.entries(variables).map(([name, one]) => [name, viewOf(one)]),
            ),
            task: reporter(facts, workerId),
          };
        });
      }
    },
    async find(id) {
      if (!ID.test(id)) return null;
      const found = await unlessUnknown(() => call(taskAnswer, 'GET', `/external-task/${id}`));
      return found && toExternalTask(found);
    },
    async open({ id, view }, workerId, names) {
      const found = taskAnswer.parse({ ...view, id });
      const mark = found.retries === null ? null : await text(`/external-task/${id}/errorDetails`);
      return reporter({ found, variables: await variablesOf(found, names), mark }, workerId);
    },
    async lock(id, workerId, lockDuration) {
      await change(nothing, 'POST', `/external-task/${id}/lock`, { workerId, lockDuration });
    },
    async extendLock(id, workerId, newDuration) {
      await callTask(change, { id, workerId }, 'extendLock', { newDuration });
    },
    async unlock(id) {
      await unlessUnknown(() => change(nothing, 'POST', `/external-task/${id}/unlock`));
    },
    async waiting({ name: topicName, processKeys }) {
      const filter = {
        topicName,
        notLocked: true,
        withRetriesLeft: true,
        ...(processKeys ? { processDefinitionKeyIn: processKeys } : {}),
      };
      const [oldest] = await call(
        z.array(taskAnswer),
        'POST',
        '/external-task?firstResult=0&maxResults=1',
        { ...filter, sorting: [{ sortBy: 'createTime', sortOrder: 'asc' }] },
      );
      if (!oldest) return { count: 0, isWhole: true, oldestAt: null };
      // Race: a task that comes between the two calls is counted, but is not the only one.
      const counted = z.object({ count: z.number() });
      const { count } = await call(counted, 'POST', '/external-task/count', filter);
      return {
        count,
        isWhole: true,
        oldestAt: oldest.createTime ? time(oldest.createTime) : null,
      };
    },
    close,
  };

  /** Of the task's own execution before those of its instance; those of scopes between the two are not found. */
  async function variablesOf(
    { executionId, processInstanceId }: Found,
    names: readonly string[],
  ): Promise<Record<string, Variable>> {
    if (names.length === 0) return {};
    const executionIdIn = [...new Set([processInstanceId, executionId])].filter(
      (id) => id !== null,
    );
    const path = '/variable-instance?deserializeValues=false';
    // The REST API of the embedded engine has no such list.
    const all = await unlessUnknown(() => call(variablesAnswer, 'POST', path, { executionIdIn }));
    const own = (all ?? []).filter(({ name }) => names.includes(name));
    const inner = own.filter((one) => one.executionId === executionId);
    return Object.fromEntries([...own, ...inner].map((one) => [one.name, one]));
  }
}

interface TaskFacts {
  found: Found;
  variables: Record<string, Variable>;
  /** Of the failure that was reported last. */
  mark: string | null;
}

function toTask(
  { found, variables, mark }: TaskFacts,
  report: (operation: TaskCall, body: object) => Promise<Report>,
): Task {
  const { view: _, workerId: __, ...ref } = toExternalTask(found);
  return {
    ...ref,
    retriesLeft: found.retries,
    reportedMark: mark,
    get variables() {
      return Object.fromEntries(
        Object.entries(variables).map(([name, { type, value, valueInfo }]) => [
          name,
          readTaskVariable(type, value, valueInfo),
        ]),
      );
    },
    isObject: (name) => variables[name]?.type === OBJECT,
    ...taskReports(report),
  };
}

function viewOf({ type, value, valueInfo }: Variable) {
  const isNumber = type === 'Double' || type === 'Long';
  return {
    type,
    value: isNumber && value !== null ? javaNumber(type, value) : value,
    valueInfo: valueInfo ?? {},
  };
}

function toExternalTask(found: Found): ExternalTask {
  return {
    id: found.id,
    processKey: found.processDefinitionKey ?? '',
    topic: found.topicName,
    activityId: found.activityId ?? '',
    instanceId: found.processInstanceId ?? '',
    businessKey: found.businessKey ?? null,
    workerId: found.workerId,
    view: JSON.parse(JSON.stringify(found)),
  };
}

function requestFor(wanted: WantedTasks): object {
  return {
    topicName: wanted.name,
    lockDuration: wanted.lockDurationMs,
    variables: wanted.variables,
    deserializeValues: false,
    processDefinitionKeyIn: wanted.processKeys,
    processDefinitionIdIn: wanted.processDefinitionIds,
    businessKey: wanted.businessKey,
    processDefinitionVersionTag: wanted.versionTag,
    includeExtensionProperties: wanted.extensionProperties,
  };
}

/** From `2026-01-31T12:00:00.000+0100`. */
function time(text: string): string {
  return new Date(text).toISOString();
}
