import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Definition, EmbeddedEngine } from './engine-api.ts';
import { explained, orMissing } from './http-errors.ts';
import {
  always,
  holds,
  is,
  isIn,
  isLike,
  isNumber,
  passedOn,
  tenantFilters,
} from './http-filters.ts';
import { json } from './http-json.ts';
import { registerList } from './http-list.ts';
import { readVariables, variablesOf, variablesSchema, variablesView } from './http-variables.ts';
import { definitionView, instanceView } from './http-views.ts';
import { BadRequest } from './typed-value.ts';

const startBody = z
  .strictObject({
    businessKey: z.string().nullish(),
    variables: variablesSchema,
    withVariablesInReturn: z.boolean().nullish(),
    caseInstanceId: z.null().optional(),
    startInstructions: z.array(z.unknown()).max(0).nullish(),
    skipCustomListeners: z.boolean().nullish(),
    skipIoMappings: z.literal(false).nullish(),
  })
  .nullish();

/** /process-definition: by id, or the latest version by key. */
export function registerDefinitionRoutes(api: FastifyInstance, engine: EmbeddedEngine): void {
  const { deployments } = engine;

  registerList(api, {
    path: '/process-definition',
    filters: {
      processDefinitionId: is<Definition>(({ id }) => id),
      processDefinitionIdIn: isIn<Definition>(({ id }) => id),
      key: is<Definition>(({ key }) => key),
      keysIn: isIn<Definition>(({ key }) => key),
      keyLike: isLike<Definition>(({ key }) => key),
      name: is<Definition>(({ name }) => name),
      nameLike: isLike<Definition>(({ name }) => name),
      version: isNumber<Definition>(({ version }) => version),
      versionTag: is<Definition>(({ versionTag }) => versionTag),
      versionTagLike: isLike<Definition>(({ versionTag }) => versionTag),
      withoutVersionTag: holds<Definition>(({ versionTag }) => versionTag === null),
      deploymentId: is<Definition>(({ deploymentId }) => deploymentId),
      resourceName: is<Definition>(({ resource }) => resource),
      resourceNameLike: isLike<Definition>(({ resource }) => resource),
      latestVersion: passedOn.flag,
      active: always(),
      suspended: holds(() => false),
      ...tenantFilters<Definition>(),
    },
    sortKeys: {
      id: ({ id }) => id,
      key: ({ key }) => key,
      name: ({ name }) => name,
      version: ({ version }) => version,
      versionTag: ({ versionTag }) => versionTag,
      deploymentId: ({ deploymentId }) => deploymentId,
    },
    find: ({ key, latestVersion }) =>
      deployments.definitions({
        ...(key === undefined ? {} : { key }),
        ...(latestVersion ? { latestVersion } : {}),
      }),
    view: definitionView,
  });

  const { latest } = deployments;
  registerOne('/process-definition/key/:which', latest, latest);
  const ofTenant = '/process-definition/key/:key/tenant-id/:which';
  registerOne(ofTenant, noneOfTenant, noneOfTenant);
  registerOne('/process-definition/:which', deployments.definition, existing);

  function registerOne(
    path: string,
    find: (which: string, key: string) => Definition,
    findToStart: (which: string, key: string) => Definition | Promise<Definition>,
  ): void {
    type Found = { Params: { which: string; key: string } };

    api.get<Found>(path, ({ params }, reply) =>
      json(reply, definitionView(find(params.which, params.key))),
    );

    api.get<Found>(`${path}/xml`, ({ params }, reply) => {
      const { id } = find(params.which, params.key);
      return json(reply, { id, bpmn20Xml: deployments.xml(id) });
    });

    api.post<Found>(`${path}/start`, async ({ params, body }, reply) => {
      const { id } = await findToStart(params.which, params.key);
      return start(id, body, reply);
    });
  }

  function noneOfTenant(tenantId: string, key: string): never {
    const message = `No matching process definition with key: ${key} and tenant-id: ${tenantId}`;
    throw new BadRequest(message, 404, 'RestException', { restCode: null });
  }

  function existing(id: string): Promise<Definition> {
    const missing = `no deployed process definition found with id '${id}': processDefinition is null`;
    return orMissing(
      () =>
        new BadRequest(
          `Cannot instantiate process definition ${id}: ${missing}`,
          500,
          'RestException',
        ),
      () => deployments.definition(id),
    );
  }

  async function start(id: string, body: unknown, reply: FastifyReply): Promise<FastifyReply> {
    const { businessKey, variables, withVariablesInReturn } = startBody.parse(body) ?? {};
    const given = await explained(`Cannot instantiate process definition ${id}`, async () =>
      readVariables(variables),
    );
    const instanceId = await engine.instances.startById(id, {
      businessKey: businessKey ?? null,
      variables: given,
    });
    // It may have ended in the meantime.
    const instance = engine.history.instance(instanceId);
    return json(reply, {
      ...instanceView(instance),
      ...(withVariablesInReturn
        ? { variables: variablesView(variablesOf(engine, instanceId)) }
        : {}),
    });
  }
}
