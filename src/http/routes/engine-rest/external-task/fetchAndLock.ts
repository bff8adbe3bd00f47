import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { WorkerTopic } from '../../../../../domain/steps/index.ts';
import {
  engineError,
  sendEngineError,
  sendEngineJson,
  workerIdSchema,
  workerOf,
} from '../../../answers/engine-answers.ts';
import { sendOverloaded, sendUnavailable } from '../../../answers/unavailable.ts';
import type { Route } from '../../../parts/route.ts';
import { lockedTasksSchema } from '../../../schemas/external-task.ts';
import { text } from '../../../schemas/fields.ts';
import { hungUpSignal } from '../../../waiting/caller-wait.ts';

/** Tasks that one call gets at most: each is looked up in the journal. */
const MAX_TASKS = 100;

const topicSchema = z.strictObject({
  topicName: text.describe('Of a step with `elsewhere: true`'),
  lockDuration: z.number().int().min(1).describe('Milliseconds'),
  variables: z
    .array(text)
    .nullish()
    .describe('Names; left out: all that the step has as its input. Others are not given'),
  processDefinitionKey: text.nullish(),
  processDefinitionKeyIn: z.array(text).nullish(),
  processDefinitionId: text.nullish(),
  processDefinitionIdIn: z.array(text).nullish(),
  processDefinitionVersionTag: text.nullish(),
  businessKey: text.nullish(),
  deserializeValues: z.boolean().nullish().describe('Objects as JSON instead of their text'),
  includeExtensionProperties: z.boolean().nullish(),
  localVariables: z.boolean().nullish().describe('Ignored: a worker gets the input of the step'),
  // Sent by Camunda's clients, empty.
  processVariables: z.strictObject({}).nullish(),
  withoutTenantId: z.boolean().nullish(),
  tenantIdIn: z.array(text).max(0).nullish(),
});
type Topic = z.infer<typeof topicSchema>;

const schema = {
  operationId: 'fetchExternalTasks',
  summary: 'Fetch and lock tasks of steps that are done elsewhere',
  description: `As Camunda 7 and its clients have it. At most ${MAX_TASKS} tasks are given at a time, and a call waits no longer than WAIT_TIMEOUT_MS.`,
  tags: ['workers'],
  body: z
    .strictObject({
      workerId: workerIdSchema,
      maxTasks: z.number().int().min(0).nullish().describe('Left out: 1'),
      usePriority: z.boolean().nullish(),
      asyncResponseTimeout: z
        .number()
        .int()
        .nullish()
        .describe('Milliseconds to wait when there is no task'),
      includeExtensionProperties: z.boolean().nullish(),
      sorting: z
        .array(
          z.strictObject({ sortBy: z.literal('createTime'), sortOrder: z.enum(['asc', 'desc']) }),
        )
        .nullish(),
      topics: z.array(topicSchema).nullish(),
    })
    .meta({
      examples: [
        {
          workerId: 'tariffs-1',
          maxTasks: 1,
          asyncResponseTimeout: 20_000,
          topics: [{ topicName: 'quote-parcel.find-tariff', lockDuration: 60_000 }],
        },
      ],
    }),
  response: {
    200: lockedTasksSchema,
    404: engineError('No step that is done elsewhere has this topic'),
    502: engineError('The process engine refused the call'),
    503: engineError('Too many wait, the service stops, or a dependency cannot be reached'),
  },
};

/** `POST /engine-rest/external-task/fetchAndLock`. */
export const fetchAndLockRoute: Route<'elsewhere' | 'limits'> = async (
  app,
  { elsewhere, limits },
) => {
  app.post(
    '/engine-rest/external-task/fetchAndLock',
    { config: { scope: 'steps:work', errors: 'engine' }, schema },
    async (request, reply: FastifyReply) => {
      const { body } = request;
      const waitMs = Math.min(limits.waitTimeoutMs, Math.max(0, body.asyncResponseTimeout ?? 0));
      if (elsewhere.isReleased) {
        return sendUnavailable(reply, 'The service stops. Send the same request again later.');
      }
      const refusal = waitMs > 0 ? limits.load.refuseWait() : null;
      if (refusal) return sendOverloaded(reply, refusal);
      const withProperties = body.includeExtensionProperties === true;
      const fetch = {
        worker: workerOf(request, body.workerId),
        maxTasks: Math.min(MAX_TASKS, body.maxTasks ?? 1),
        usePriority: body.usePriority ?? false,
        order: body.sorting?.[0]?.sortOrder,
        topics: (body.topics ?? []).map((topic) => topicOf(topic, withProperties)),
        waitMs,
      };
      if (fetch.maxTasks === 0) return sendEngineJson(reply, []);
      const hungUp = hungUpSignal(reply);
      const answer = await elsewhere.fetch(fetch, hungUp);
      if (hungUp.aborted) return reply.hijack();
      if (answer.kind === 'unknown-topic') {
        return sendEngineError(
          reply,
          404,
          `No step with elsewhere: true has the topic "${answer.topic}". Name it in the definition of its process, or fetch from the engine.`,
          'InvalidRequestException',
        );
      }
      const tasks = answer.tasks.map(({ task, variables }) => ({ ...task, variables }));
      return sendEngineJson(reply, tasks);
    },
  );
};

function topicOf(topic: Topic, withProperties: boolean): WorkerTopic {
  return {
    name: topic.topicName,
    lockDurationMs: topic.lockDuration,
    variables: topic.variables ?? null,
    processKeys: both(topic.processDefinitionKey, topic.processDefinitionKeyIn),
    processDefinitionIds: both(topic.processDefinitionId, topic.processDefinitionIdIn),
    businessKey: topic.businessKey ?? undefined,
    versionTag: topic.processDefinitionVersionTag ?? undefined,
    deserializeValues: topic.deserializeValues ?? false,
    extensionProperties: withProperties || (topic.includeExtensionProperties ?? false),
  };
}

/** Those that fulfill both, as Camunda's query joins them; undefined: all. */
function both(
  one: string | null | undefined,
  several: readonly string[] | null | undefined,
): string[] | undefined {
  if (!several || several.length === 0) return one ? [one] : undefined;
  return one ? several.filter((each) => each === one) : [...several];
}
