import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { decodeXml } from './decode-xml.ts';
import type { DeployedFile, Deployment, EmbeddedEngine } from './engine-api.ts';
import { is, isAfter, isBefore, isLike, tenantFilters } from './http-filters.ts';
import { json, noContent } from './http-json.ts';
import { registerList } from './http-list.ts';
import { definitionView, deploymentView } from './http-views.ts';
import { BadRequest } from './typed-value.ts';

/** The fields of a deployment's form; all other parts are files. */
const FIELDS = new Set([
  'deployment-name',
  'deployment-source',
  'deploy-changed-only',
  'enable-duplicate-filtering',
  'deployment-activation-time',
  'tenant-id',
]);
/** Those that mean something here only when they are empty. */
const UNSUPPORTED_FIELDS = ['deployment-activation-time', 'tenant-id'];
const flag = z.enum(['true', 'false']).optional();
const deleteQuery = z.strictObject({
  cascade: flag,
  // There are no listeners here, and an instance that is deleted maps nothing.
  skipCustomListeners: flag,
  skipIoMappings: flag,
});

/** /deployment */
export function registerDeploymentRoutes(api: FastifyInstance, engine: EmbeddedEngine): void {
  const { deployments } = engine;
  type ById = { Params: { id: string } };

  api.post('/deployment/create', async (request, reply) => {
    const form = await readForm(request.headers['content-type'], request.body);
    const text = (name: string) => {
      const value = form.get(name);
      return typeof value === 'string' ? value : null;
    };
    for (const name of UNSUPPORTED_FIELDS) {
      if (text(name)) throw new BadRequest(`the embedded engine has no ${name} of deployments`);
    }
    const isTrue = (name: string) => text(name)?.toLowerCase() === 'true';
    const { deployment, definitions } = await deployments.deploy(await filesOf(form), {
      name: text('deployment-name'),
      source: text('deployment-source'),
      changedOnly: isTrue('deploy-changed-only') || isTrue('enable-duplicate-filtering'),
    });
    return json(reply, {
      ...deploymentView(deployment),
      deployedProcessDefinitions:
        definitions.length === 0
          ? null
          : Object.fromEntries(definitions.map((one) => [one.id, definitionView(one)])),
      deployedCaseDefinitions: null,
      deployedDecisionDefinitions: null,
      deployedDecisionRequirementsDefinitions: null,
    });
  });

  registerList(api, {
    path: '/deployment',
    filters: {
      id: is<Deployment>(({ id }) => id),
      name: is<Deployment>(({ name }) => name),
      nameLike: isLike<Deployment>(({ name }) => name),
      source: is<Deployment>(({ source }) => source),
      before: isBefore<Deployment>(({ deployedAt }) => deployedAt),
      after: isAfter<Deployment>(({ deployedAt }) => deployedAt),
      ...tenantFilters<Deployment>(),
    },
    sortKeys: {
      id: ({ id }) => id,
      name: ({ name }) => name,
      deploymentTime: ({ deployedAt }) => deployedAt,
    },
    find: () => deployments.deployments(),
    view: deploymentView,
  });

  api.get<ById>('/deployment/:id', ({ params: { id } }, reply) => {
    return json(
      reply,
      deploymentView(deploymentOf(id, `Deployment with id '${id}' does not exist`)),
    );
  });

  api.delete<ById>('/deployment/:id', async ({ params: { id }, query }, reply) => {
    const { cascade } = deleteQuery.parse(query);
    deploymentOf(id, `Deployment with id '${id}' do not exist`);
    await deployments.delete(id, cascade === 'true');
    return noContent(reply);
  });

  function deploymentOf(id: string, otherwise: string): Deployment {
    const [found] = deployments.deployments({ id });
    if (!found) throw new BadRequest(otherwise, 404);
    return found;
  }
}

async function filesOf(form: FormData): Promise<DeployedFile[]> {
  const files: DeployedFile[] = [];
  for (const [name, part] of form) {
    if (FIELDS.has(name)) continue;
    if (typeof part === 'string') {
      throw new BadRequest(
        `No file name found in the deployment resource described by form parameter '${name}'.`,
      );
    }
    files.push(await readFile(part));
  }
  if (files.length === 0) {
    throw new BadRequest('No deployment resources contained in the form upload.');
  }
  return files;
}

/** A file as text, whatever its encoding: from here on it is stored and compared as such. */
async function readFile(part: File): Promise<DeployedFile> {
  const bytes = new Uint8Array(await part.arrayBuffer());
  const fileName = part.name;
  if (!/\.bpmn(20\.xml)?$/i.test(fileName)) {
    // It may be anything, and means nothing here: kept byte by byte.
    return { fileName, content: Buffer.from(bytes).toString('latin1') };
  }
  try {
    return { fileName, content: decodeXml(bytes) };
  } catch (cause) {
    throw new BadRequest(`${fileName}: ${String(cause)} (embedded engine)`, 400, 'ParseException');
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
