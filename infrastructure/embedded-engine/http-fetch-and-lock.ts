import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { EmbeddedEngine, LockedTask, TopicRequest } from './engine-api.ts';
import { engineFailure, isNull, workerOf } from './errors.ts';
import { json } from './http-json.ts';
import { readVariables, variablesView } from './http-variables.ts';
import { externalTaskView } from './http-views.ts';
import { BadRequest } from './typed-value.ts';

const MAX_RESPONSE_TIMEOUT_MS = 1_800_000;

// Strict: a filter that is not known here would bring a worker tasks it did not ask for.
const topicSchema = z.strictObject({
  topicName: z.string().nullish(),
  lockDuration: z.number().int().nullish(),
  businessKey: z.string().nullish(),
  processDefinitionId: z.string().nullish(),
  processDefinitionIdIn: z.array(z.string()).nullish(),
  processDefinitionKey: z.string().nullish(),
  processDefinitionKeyIn: z.array(z.string()).nullish(),
  processDefinitionVersionTag: z.string().nullish(),
  /** The names of those that are wanted. */
  variables: z.array(z.string()).nullish(),
  localVariables: z.boolean().nullish(),
  /** Values that the process must have. */
  processVariables: z.record(z.string(), z.unknown()).nullish(),
  includeExtensionProperties: z.boolean().nullish(),
  deserializeValues: z.boolean().nullish(),
  // There are no tenants here: no task is of one.
  withoutTenantId: z.boolean().nullish(),
  tenantIdIn: z.array(z.string()).nullish(),
});
const fetchBody = z.strictObject({
  workerId: z.string().nullish(),
  maxTasks: z.number().int().nullish(),
  asyncResponseTimeout: z.number().int().nullish(),
  usePriority: z.boolean().nullish(),
  includeExtensionProperties: z.boolean().nullish(),
  sorting: z
    .array(z.strictObject({ sortBy: z.string().nullish(), sortOrder: z.string().nullish() }))
    .nullish(),
  topics: z.array(topicSchema).nullish(),
});
type Topic = z.infer<typeof topicSchema>;
type Sorting = NonNullable<z.infer<typeof fetchBody>['sorting']>[number];

/** POST /external-task/fetchAndLock, with long polling. */
export function registerFetchRoute(api: FastifyInstance, engine: EmbeddedEngine): void {
  api.post('/external-task/fetchAndLock', async (request, reply) => {
    const body = fetchBody.parse(request.body);
    const topics = body.topics ?? [];
    const asyncResponseTimeout = timeoutOf(body.asyncResponseTimeout);
    const createTime = orderOf(body.sorting ?? []);
    const fetch = engine.externalTasks.fetchAndLock({
      workerId: workerOf(body.workerId),
      maxTasks: maxTasksOf(body.maxTasks),
      // What `usePriority` says when it is left out.
      usePriority: body.usePriority ?? false,
      ...(createTime ? { createTime } : {}),
      topics: topics.map(topicRequest).filter((_, at) => !topics[at]?.tenantIdIn?.length),
      asyncResponseTimeout,
    });
    reply.raw.once('close', fetch.cancel);
    const tasks = await fetch.tasks;
    const topicsOf = (task: LockedTask) => topics.filter((one) => one.topicName === task.topic);
    const withProperties = (task: LockedTask) =>
      body.includeExtensionProperties ||
      topicsOf(task).some((one) => one.includeExtensionProperties);
    return json(
      reply,
      tasks.map((task) => ({
        ...externalTaskView(task),
        errorDetails: task.errorDetails,
        variables: variablesView(
          task.variables,
          topicsOf(task).some((one) => one.deserializeValues),
        ),
        extensionProperties: withProperties(task)
          ? engine.deployments.extensionProperties(task.definitionId, task.activityId)
          : {},
      })),
    );
  });
}

function timeoutOf(given: number | null | undefined): number {
  if (given === null || given === undefined) return 0;
  if (given <= MAX_RESPONSE_TIMEOUT_MS) return Math.max(0, given);
  throw new BadRequest(
    `The asynchronous response timeout cannot be set to a value greater than ${MAX_RESPONSE_TIMEOUT_MS} milliseconds`,
  );
}

function maxTasksOf(given: number | null | undefined): number {
  const maxTasks = given ?? 0;
  if (maxTasks >= 0) return maxTasks;
  throw engineFailure('maxResults is not greater than or equal to 0');
}

/** The first decides: the Java client sends the same twice. */
function orderOf(sorting: readonly Sorting[]): 'asc' | 'desc' | undefined {
  for (const { sortBy, sortOrder } of sorting) {
    if (sortBy !== 'createTime') {
      throw new BadRequest(`Cannot set query sortBy parameter to value ${sortBy ?? null}`);
    }
    if (typeof sortOrder !== 'string') {
      const message =
        'Invalid query: call asc() or desc() after using orderByXX(): direction is null';
      throw new BadRequest(message, 400, 'NotValidException');
    }
    if (sortOrder !== 'asc' && sortOrder !== 'desc') {
      throw new BadRequest(`Cannot set query sortOrder parameter to value ${sortOrder}`);
    }
  }
  return sorting[0]?.sortOrder as 'asc' | 'desc' | undefined;
}

function topicRequest(topic: Topic): TopicRequest {
  const { topicName, lockDuration, processDefinitionVersionTag: versionTag } = topic;
  if (typeof topicName !== 'string') throw isNull('topicName');
  if (!lockDuration || lockDuration < 1) throw engineFailure('lockTime is not greater than 0');
  return {
    topicName,
    lockDuration,
    variables: topic.variables ?? null,
    localVariables: topic.localVariables ?? null,
    processDefinitionKeyIn: both(topic.processDefinitionKey, topic.processDefinitionKeyIn),
    processDefinitionIdIn: both(topic.processDefinitionId, topic.processDefinitionIdIn),
    businessKey: topic.businessKey ?? null,
    ...(versionTag ? { versionTag } : {}),
    processVariables: topic.processVariables
      ? readVariables(
          Object.fromEntries(
            Object.entries(topic.processVariables).map(([name, value]) => [name, { value }]),
          ),
        )
      : null,
  };
}

/** Those that fulfill both, as Camunda's query joins them; null: all. */
function both(
  one: string | null | undefined,
  several: readonly string[] | null | undefined,
): string[] | null {
  if (!several || several.length === 0) return one ? [one] : null;
  return one ? several.filter((each) => each === one) : [...several];
}
