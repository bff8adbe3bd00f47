import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { EmbeddedEngine, Execution } from './engine-api.ts';
import { explained } from './http-errors.ts';
import { always, holds, is, passedOn, withVariables } from './http-filters.ts';
import { json, noContent } from './http-json.ts';
import { registerList } from './http-list.ts';
import { readVariables, registerVariableRoutes, variablesSchema } from './http-variables.ts';
import { eventSubscriptionView, executionView } from './http-views.ts';
import { BadRequest } from './typed-value.ts';

const triggerBody = z.strictObject({ variables: variablesSchema }).nullish();

/** /execution: the tokens of running instances, and those instances themselves. */
export function registerExecutionRoutes(api: FastifyInstance, engine: EmbeddedEngine): void {
  const { instances, events } = engine;
  type ById = { Params: { id: string } };
  type Subscription = { Params: { id: string; name: string } };

  registerList(api, {
    path: '/execution',
    byPost: true,
    filters: {
      processDefinitionKey: passedOn.text,
      processDefinitionId: is<Execution>(({ definitionId }) => definitionId),
      businessKey: passedOn.text,
      processInstanceId: passedOn.text,
      activityId: passedOn.text,
      messageEventSubscriptionName: passedOn.text,
      signalEventSubscriptionName: passedOn.text,
      variables: withVariables<Execution>(({ id }) => instances.localVariables(id)),
      processVariables: withVariables<Execution>(({ processInstanceId }) =>
        instances.variables(processInstanceId),
      ),
      active: always<Execution>(),
      suspended: holds<Execution>(() => false),
    },
    sortKeys: {
      instanceId: ({ processInstanceId }) => processInstanceId,
      definitionId: ({ definitionId }) => definitionId,
    },
    find: (wanted) =>
      instances.executions({
        processInstanceId: wanted.processInstanceId,
        processKey: wanted.processDefinitionKey,
        businessKey: wanted.businessKey,
        activityId: wanted.activityId,
        messageName: wanted.messageEventSubscriptionName,
        signalName: wanted.signalEventSubscriptionName,
      }),
    view: executionView,
  });

  api.get<ById>('/execution/:id', ({ params }, reply) => {
    return json(reply, executionView(instances.execution(params.id)));
  });

  registerVariableRoutes(api, {
    path: '/execution/:id/localVariables',
    owner: 'execution',
    read: instances.localVariables,
    change: (id, change) => instances.setVariables(id, { ...change, local: true }),
  });

  api.post<ById>('/execution/:id/signal', async ({ params: { id }, body }, reply) => {
    const { variables } = triggerBody.parse(body) ?? {};
    await explained(`Cannot signal execution ${id}`, async () =>
      events.trigger(id, readVariables(variables)),
    );
    return noContent(reply);
  });

  api.get<Subscription>('/execution/:id/messageSubscriptions/:name', ({ params }, reply) => {
    const { id: executionId, name: eventName } = params;
    const [found] = events.subscriptions({ executionId, eventName, eventType: 'message' });
    if (found) return json(reply, eventSubscriptionView(found));
    throw new BadRequest(
      `Message event subscription for execution ${executionId} named ${eventName} does not exist`,
      404,
    );
  });

  api.post<Subscription>(
    '/execution/:id/messageSubscriptions/:name/trigger',
    async ({ params: { id, name }, body }, reply) => {
      const { variables } = triggerBody.parse(body) ?? {};
      await explained(`Cannot trigger message ${name} for execution ${id}`, async () =>
        events.messageEventReceived(id, name, readVariables(variables)),
      );
      return noContent(reply);
    },
  );
}
