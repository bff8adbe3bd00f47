import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { decodeXml } from './decode-xml.ts';
import { type DeployedDefinition, unknownDefinition } from './deployments.ts';
import type { EmbeddedEngine } from './engine.ts';
import type { EngineStore, InstanceRow } from './engine-store.ts';
import { json, time } from './http-json.ts';
import { readVariables, variablesSchema } from './http-variables.ts';
import { BadRequest, writeTyped } from './typed-value.ts';

// All of these are strict: to pass over a filter or an option would answer another question.
const startBody = z
  .strictObject({ businessKey: z.string().nullish(), variables: variablesSchema })
  .nullish();
const instanceQuery = z.strictObject({
  businessKey: z.string().optional(),
  processDefinitionKey: z.string().optional(),
  /** No instance here calls another. */
  superProcessInstance: z.string().optional(),
  subProcessInstance: z.string().optional(),
  processInstanceIds: z.string().optional(),
  rootProcessInstances: z.literal('true').optional(),
});
const executionQuery = z.strictObject({
  processInstanceId: z.string(),
  messageEventSubscriptionName: z.string().min(1),
});
const triggerBody = z.strictObject({ variables: variablesSchema });
const historyQuery = z.strictObject({
  sortBy: z.literal('startTime').optional(),
  sortOrder: z.literal('asc').optional(),
  processInstanceId: z.string().optional(),
  processInstanceBusinessKey: z.string().optional(),
  processDefinitionKey: z.string().optional(),
  /** No instance here calls another. */
  superProcessInstanceId: z.string().optional(),
  rootProcessInstances: z.literal('true').optional(),
});
const definitionQuery = z.strictObject({
  key: z.string().optional(),
  latestVersion: z.enum(['true', 'false']).optional(),
});
const messageBody = z.strictObject({
  messageName: z.string().min(1),
  businessKey: z.string().nullish(),
  processInstanceId: z.string().nullish(),
  processVariables: variablesSchema,
});
/** Rows one query gives at most. */
const LIMIT = 1_000;

/** Deployments, process definitions, instances, history and messages. */
export function registerInstanceRoutes(
  api: FastifyInstance,
  engine: EmbeddedEngine,
  store: EngineStore,
): void {
  const { deployments } = engine;
  type ById = { Params: { id: string } };
  type ByKey = { Params: { key: string } };

  api.post('/deployment/create', async (request, reply) => {
    const form = await readForm(request.headers['content-type'], request.body);
    const files: { fileName: string; content: string }[] = [];
    for (const [, part] of form) {
      if (typeof part !== 'string') files.push(await readFile(part));
    }
    const changedOnly = form.get('deploy-changed-only') === 'true';
    const { id, definitions } = await deployments.deploy(files, changedOnly);
    return json(reply, {
      id,
      name: form.get('deployment-name'),
      deployedProcessDefinitions:
        definitions.length === 0
          ? null
          : Object.fromEntries(definitions.map((one) => [one.id, definitionView(one)])),
    });
  });

  api.get('/process-definition', async (request, reply) => {
    const { key, latestVersion } = definitionQuery.parse(request.query);
    const found = deployments
      .all()
      .filter((one) => (key ?? one.key) === one.key)
      .filter((one) => latestVersion !== 'true' || deployments.latest(one.key) === one);
    return json(reply, found.map(definitionView));
  });

  api.get<ByKey>('/process-definition/key/:key', async ({ params }, reply) => {
    const found = deployments.latest(params.key);
    if (!found) throw unknownDefinition(params.key);
    return json(reply, definitionView(found));
  });

  api.get<ById>('/process-definition/:id/xml', async ({ params: { id } }, reply) => {
    const found = deployments.byId(id);
    if (!found) throw notFound(`Process definition with id ${id}`);
    return json(reply, { id, bpmn20Xml: found.bpmn });
  });

  api.post<ByKey>('/process-definition/key/:key/start', async ({ params, body }, reply) => {
    const start = startBody.parse(body);
    const variables = readVariables(start?.variables);
    const row = await engine.start(params.key, start?.businessKey ?? null, variables);
    return json(reply, instanceView(row));
  });

  api.get('/process-instance', async (request, reply) => {
    const query = instanceQuery.parse(request.query);
    const { businessKey, processDefinitionKey } = query;
    if (query.superProcessInstance ?? query.subProcessInstance) return json(reply, []);
    const ids = query.processInstanceIds?.split(',');
    const rows = store.instances(
      { ids, businessKey, processKey: processDefinitionKey, activeOnly: true },
      LIMIT,
    );
    return json(reply, rows.map(instanceView));
  });

  api.get<ById>('/process-instance/:id', async ({ params }, reply) => {
    const [row] = store.instances({ id: params.id, activeOnly: true }, 1);
    if (!row) throw notFound(`Process instance with id ${params.id}`);
    return json(reply, instanceView(row));
  });

  api.get<ById>('/process-instance/:id/variables', async ({ params }, reply) => {
    const variables = [...engine.variables(params.id)];
    return json(
      reply,
      Object.fromEntries(variables.map(([name, value]) => [name, writeTyped(value)])),
    );
  });

  api.delete<ById>('/process-instance/:id', async ({ params }, reply) => {
    await engine.terminate(params.id, null);
    return reply.code(204).send();
  });

  api.get('/history/process-instance', async (request, reply) => {
    const query = historyQuery.parse(request.query);
    const filter = {
      id: query.processInstanceId,
      businessKey: query.processInstanceBusinessKey,
      processKey: query.processDefinitionKey,
    };
    const isCalled = query.superProcessInstanceId !== undefined;
    return json(reply, isCalled ? [] : store.instances(filter, LIMIT).map(historyView));
  });

  api.get<ById>('/history/process-instance/:id', async ({ params }, reply) => {
    const row = store.instance(params.id);
    if (!row) throw notFound(`Historic process instance with id ${params.id}`);
    return json(reply, historyView(row));
  });

  api.delete<ById>('/history/process-instance/:id', async ({ params: { id } }, reply) => {
    const row = store.instance(id);
    if (!row) throw notFound(`Historic process instance with id ${id}`);
    if (row.state === 'ACTIVE') {
      throw new BadRequest(
        `Process instance is still running, cannot delete historic process instance: ${id}`,
      );
    }
    await store.removeInstance(id);
    return reply.code(204).send();
  });

  // An instance is the execution that waits, once for each of its subscriptions.
  api.get('/execution', async (request, reply) => {
    const query = executionQuery.parse(request.query);
    const { processInstanceId, messageEventSubscriptionName: name } = query;
    const found = engine.waitingFor(name, { processInstanceId });
    return json(
      reply,
      found.map(({ instanceId: id }) => ({
        id,
        processInstanceId: id,
        ended: false,
        tenantId: null,
      })),
    );
  });

  api.post<{ Params: { id: string; name: string } }>(
    '/execution/:id/messageSubscriptions/:name/trigger',
    async ({ params: { id, name }, body }, reply) => {
      const { variables } = triggerBody.parse(body);
      await engine.correlate(name, { processInstanceId: id }, readVariables(variables));
      return reply.code(204).send();
    },
  );

  api.post('/message', async (request, reply) => {
    const { messageName, businessKey, processInstanceId, processVariables } = messageBody.parse(
      request.body,
    );
    const target = {
      businessKey: businessKey ?? undefined,
      processInstanceId: processInstanceId ?? undefined,
    };
    await engine.correlate(messageName, target, readVariables(processVariables));
    return reply.code(204).send();
  });
}

/** A file as text, whatever its encoding: from here on it is stored and compared as such. */
async function readFile(part: File): Promise<{ fileName: string; content: string }> {
  try {
    return { fileName: part.name, content: decodeXml(new Uint8Array(await part.arrayBuffer())) };
  } catch (cause) {
    throw new BadRequest(`${part.name}: ${String(cause)} (embedded engine)`, 400, 'ParseException');
  }
}

/** Reads multipart/form-data with Node's own parser. */
async function readForm(contentType: string | undefined, body: unknown): Promise<FormData> {
  try {
    const headers = { 'content-type': contentType ?? '' };
    return await new Response(body as Buffer, { headers }).formData();
  } catch (cause) {
    throw new BadRequest(`a deployment is sent as multipart/form-data: ${String(cause)}`);
  }
}

function notFound(what: string): BadRequest {
  return new BadRequest(`${what} does not exist`, 404);
}

function definitionView(definition: DeployedDefinition) {
  return {
    id: definition.id,
    key: definition.key,
    name: definition.model.name,
    version: definition.version,
    deploymentId: definition.deployment_id,
    resource: definition.file_name,
    suspended: false,
    tenantId: null,
  };
}

function instanceView(row: InstanceRow) {
  return {
    id: row.id,
    definitionId: row.definition_id,
    definitionKey: row.process_key,
    businessKey: row.business_key,
    ended: row.state !== 'ACTIVE',
    suspended: false,
    tenantId: null,
    links: [],
  };
}

/** An instance as history shows it. */
export function historyView(row: InstanceRow) {
  return {
    id: row.id,
    businessKey: row.business_key,
    processDefinitionId: row.definition_id,
    processDefinitionKey: row.process_key,
    state: row.state,
    startTime: time(row.started_at),
    endTime: time(row.ended_at),
    deleteReason: row.delete_reason,
    tenantId: null,
  };
}
