import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { EmbeddedEngine, LockedTask, TopicRequest } from './engine-api.ts';
import { json } from './http-json.ts';
import { readVariables, variablesView } from './http-variables.ts';
import { externalTaskView } from './http-views.ts';
import { BadRequest } from './typed-value.ts';

const MAX_RESPONSE_TIMEOUT_MS = 1_800_000;

// Strict: a filter that is not known here would bring a worker tasks it did not ask for.
const topicSchema = z.strictObject({
  topicName: z.string(),
  lockDuration: z.number().int().min(1),
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
  // There are no tenants here.
  withoutTenantId: z.boolean().nullish(),
  tenantIdIn: z.array(z.string()).max(0).nullish(),
});
const fetchBody = z.strictObject({
  workerId: z.string().min(1),
  maxTasks: z.number().int().min(0),
  asyncResponseTimeout: z.number().int().nullish(),
  usePriority: z.boolean().nullish(),
  includeExtensionProperties: z.boolean().nullish(),
  sorting: z
    .array(
      z.strictObject({
        sortBy: z.literal('createTime'),
        sortOrder: z.enum(['asc', 'desc']).nullish(),
      }),
    )
    .max(1)
    .nullish(),
  topics: z.array(topicSchema).nullish(),
});
type Topic = z.infer<typeof topicSchema>;

/** POST /external-task/fetchAndLock, with long polling. */
export function registerFetchRoute(api: FastifyInstance, engine: EmbeddedEngine): void {
  api.post('/external-task/fetchAndLock', async (request, reply) => {
    const body = fetchBody.parse(request.body);
    const topics = body.topics ?? [];
    const fetch = engine.externalTasks.fetchAndLock({
      workerId: body.workerId,
      maxTasks: body.maxTasks,
      // What `usePriority` says when it is left out.
      usePriority: body.usePriority ?? false,
      ...(body.sorting?.[0]?.sortOrder ? { createTime: body.sorting[0].sortOrder } : {}),
      topics: topics.map(topicRequest),
      asyncResponseTimeout: timeoutOf(body.asyncResponseTimeout),
    });
    reply.raw.once('close', fetch.cancel);
    const tasks = await fetch.tasks;
    const withProperties = (task: LockedTask) =>
      body.includeExtensionProperties ||
      topics.some((one) => one.topicName === task.topic && one.includeExtensionProperties);
    return json(
      reply,
      tasks.map((task) => ({
        ...externalTaskView(task),
        errorDetails: task.errorDetails,
        variables: variablesView(task.variables),
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

function topicRequest(topic: Topic): TopicRequest {
  const { processDefinitionVersionTag: versionTag } = topic;
  return {
    topicName: topic.topicName,
    lockDuration: topic.lockDuration,
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
