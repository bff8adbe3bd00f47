import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { OpenAPIV3_1 } from 'openapi-types';
import type { ProcessDefinition } from '../../../domain/steps/index.ts';
import { SECURITY_SCHEMES, withAccess } from '../access/document.ts';
import { declareScope } from '../access/routes.ts';
import { withBody } from '../body/document.ts';
import { withAnswerHeaders } from './answer-headers.ts';
import { makePortable, makeSchemasPortable, openAnswers } from './portable.ts';
import { KEPT, withProcesses } from './process-schemas.ts';
import { withRefusals } from './refusals.ts';

interface DocumentedService {
  definitions: ReadonlyMap<string, ProcessDefinition>;
  /** Of this release. */
  version: string;
}

/** Serves OpenAPI 3.1 of all routes, made from their schemas, at `/documentation`. */
export async function registerDocumentation(
  app: FastifyInstance,
  { definitions, version }: DocumentedService,
): Promise<void> {
  const processes = [...definitions.values()]
    .map(({ key, title, example }) => `- \`${key}\`: ${title}, e.g. \`${JSON.stringify(example)}\``)
    .join('\n');
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'fastify-camunda',
        version,
        description: `Start BPMN processes over REST and get their results.\n\nProcesses:\n${processes}`,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      components: { securitySchemes: SECURITY_SCHEMES },
      tags: [
        { name: 'process' },
        { name: 'definitions' },
        { name: 'tasks' },
        { name: 'workers' },
        { name: 'events' },
        { name: 'analytics' },
        { name: 'operations' },
        { name: 'console' },
      ],
    },
    transform: (route) => jsonSchemaTransform(withRefusals(withAccess(withBody(route)))),
    transformObject: (document) => finished(jsonSchemaTransformObject(document), definitions),
  });
  await app.register(async (pages) => {
    declareScope(pages, 'any');
    await pages.register(swaggerUi, {
      routePrefix: '/documentation',
      staticCSP: true,
      // Over plain HTTP the page would load its own parts over HTTPS, where nothing listens.
      transformStaticCSP: (policy) => policy.replace(' upgrade-insecure-requests;', ''),
    });
  });
}

/** The errors of these calls have Camunda's form: see `sendProblemOf`. */
const ENGINE_PATHS = '/engine-rest/';

function withEngineErrors({ responses }: OpenAPIV3_1.OperationObject): void {
  for (const answer of Object.values(responses ?? {})) {
    if ('$ref' in answer || !answer.content?.['application/problem+json']) continue;
    const schema = { $ref: '#/components/schemas/EngineError' };
    answer.content = { 'application/json': { schema } };
  }
}

/** Finishes the document for callers. */
function finished<Document extends object>(
  document: Document,
  definitions: DocumentedService['definitions'],
): Document {
  const { paths, components } = document as OpenAPIV3_1.Document;
  for (const [path, operations] of Object.entries(paths ?? {})) {
    for (const operation of Object.values(operations ?? {})) {
      if (path.startsWith(ENGINE_PATHS)) withEngineErrors(operation as OpenAPIV3_1.OperationObject);
      makePortable(operation as OpenAPIV3_1.OperationObject);
      withAnswerHeaders(operation as OpenAPIV3_1.OperationObject);
      openAnswers((operation as OpenAPIV3_1.OperationObject).responses);
    }
  }
  openAnswers(components?.schemas);
  withProcesses(document as OpenAPIV3_1.Document, definitions.values());
  makeSchemasPortable(document);
  return onlyReferenced(document);
}

/** Removes unused schemas: each is made in a form for requests and one for answers. */
function onlyReferenced<Document extends object>(document: Document): Document {
  const { components } = document as { components?: { schemas?: Record<string, unknown> } };
  const text = JSON.stringify(document);
  for (const name of Object.keys(components?.schemas ?? {})) {
    if (KEPT.includes(name) || text.includes(`"#/components/schemas/${name}"`)) continue;
    delete components?.schemas?.[name];
  }
  return document;
}
