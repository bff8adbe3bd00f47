import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { unmatched } from './correlation.ts';
import type {
  CorrelationRequest,
  CorrelationResult,
  EmbeddedEngine,
  EventSubscription,
} from './engine-api.ts';
import { always, is, tenantFilters } from './http-filters.ts';
import { json, noContent } from './http-json.ts';
import { registerList } from './http-list.ts';
import { readVariables, variablesOf, variablesSchema, variablesView } from './http-variables.ts';
import { eventSubscriptionView, executionView, instanceView } from './http-views.ts';
import { BadRequest } from './typed-value.ts';

/** There are no tenants here: to ask for none of them is to ask for everything. */
const tenantShape = { tenantId: z.null().optional(), withoutTenantId: z.boolean().nullish() };
/** Nobody of a tenant waits for a message. */
const messageTenantShape = { ...tenantShape, tenantId: z.string().nullish() };
const messageBody = z.strictObject({
  messageName: z.string().nullish(),
  businessKey: z.string().nullish(),
  processInstanceId: z.string().nullish(),
  correlationKeys: variablesSchema,
  localCorrelationKeys: variablesSchema,
  processVariables: variablesSchema,
  processVariablesLocal: variablesSchema,
  all: z.boolean().nullish(),
  resultEnabled: z.boolean().nullish(),
  variablesInResultEnabled: z.boolean().nullish(),
  ...messageTenantShape,
});
const signalBody = z.strictObject({
  name: z.string().nullish(),
  executionId: z.string().nullish(),
  variables: variablesSchema,
  ...tenantShape,
});
const conditionBody = z.strictObject({
  businessKey: z.string().nullish(),
  processDefinitionId: z.string().nullish(),
  variables: variablesSchema,
  ...tenantShape,
});

/** /message, /signal, /condition and /event-subscription: what waits for something, and what it waits for. */
export function registerEventRoutes(api: FastifyInstance, engine: EmbeddedEngine): void {
  const { events } = engine;

  api.post('/message', async (request, reply) => {
    const body = messageBody.parse(request.body);
    const { resultEnabled, variablesInResultEnabled } = body;
    if (variablesInResultEnabled && !resultEnabled) {
      throw new BadRequest(
        "Parameter 'variablesInResultEnabled' cannot be used without 'resultEnabled' set to true.",
      );
    }
    const correlation = correlationOf(body);
    if (body.tenantId) {
      if (!body.all) throw unmatched(correlation.messageName);
      return body.resultEnabled ? json(reply, []) : noContent(reply);
    }
    const results = body.all
      ? await events.correlateAll(correlation)
      : [await events.correlate(correlation)];
    if (!resultEnabled) return noContent(reply);
    return json(
      reply,
      results.map((result) => resultView(result, variablesInResultEnabled ?? false)),
    );
  });

  api.post('/signal', async (request, reply) => {
    const { name, executionId, variables } = signalBody.parse(request.body);
    if (!name) throw new BadRequest('No signal name given');
    await events.signal(name, executionId ?? null, readVariables(variables));
    return noContent(reply);
  });

  api.post('/condition', async (request, reply) => {
    const { businessKey, processDefinitionId, variables } = conditionBody.parse(request.body);
    const started = await events.evaluateConditions({
      businessKey: businessKey ?? null,
      processDefinitionId: processDefinitionId ?? null,
      variables: readVariables(variables),
    });
    return json(reply, started.map(instanceView));
  });

  registerList(api, {
    path: '/event-subscription',
    filters: {
      eventSubscriptionId: is<EventSubscription>(({ id }) => id),
      eventName: is<EventSubscription>(({ eventName }) => eventName),
      eventType: is<EventSubscription>(({ eventType }) => eventType),
      executionId: is<EventSubscription>(({ executionId }) => executionId),
      processInstanceId: is<EventSubscription>(({ processInstanceId }) => processInstanceId),
      activityId: is<EventSubscription>(({ activityId }) => activityId),
      ...tenantFilters<EventSubscription>(),
      includeEventSubscriptionsWithoutTenantId: always<EventSubscription>(),
    },
    sortKeys: { created: ({ createdAt }) => createdAt },
    find: ({ processInstanceId, executionId, eventName }) =>
      events.subscriptions({
        processInstanceId,
        executionId,
        eventName,
        includeStartEvents: true,
      }),
    view: eventSubscriptionView,
  });

  function isOpen(executionId: string): boolean {
    try {
      engine.instances.execution(executionId);
      return true;
    } catch {
      // The message was the last that it waited for.
      return false;
    }
  }

  function resultView({ execution, processInstance }: CorrelationResult, withVariables: boolean) {
    const instanceId = execution?.processInstanceId ?? processInstance?.id;
    return {
      resultType: execution ? 'Execution' : 'ProcessDefinition',
      execution: execution && { ...executionView(execution), ended: !isOpen(execution.id) },
      processInstance: execution || !processInstance ? null : instanceView(processInstance),
      ...(withVariables && instanceId
        ? { variables: variablesView(variablesOf(engine, instanceId)) }
        : {}),
    };
  }
}

function correlationOf(body: z.infer<typeof messageBody>): CorrelationRequest {
  const { messageName } = body;
  if (!messageName) throw new BadRequest('No message name supplied');
  return {
    messageName,
    businessKey: body.businessKey ?? null,
    processInstanceId: body.processInstanceId ?? null,
    correlationKeys: readVariables(body.correlationKeys),
    localCorrelationKeys: readVariables(body.localCorrelationKeys),
    variables: readVariables(body.processVariables),
    localVariables: readVariables(body.processVariablesLocal),
  };
}
