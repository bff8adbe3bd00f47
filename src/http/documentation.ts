import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { ProcessDefinition } from '../../domain/define-process.ts';

/** OpenAPI 3.1 of all routes, made from their schemas, at `/documentation`. */
export async function registerDocumentation(
  app: FastifyInstance,
  definitions: ReadonlyMap<string, ProcessDefinition>,
): Promise<void> {
  const processes = [...definitions.values()]
    .map(({ key, title, example }) => `- \`${key}\`: ${title}, e.g. \`${JSON.stringify(example)}\``)
    .join('\n');
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'fastify-camunda',
        version: '0.1.0',
        description: `Start BPMN processes over REST and get their results.\n\nProcesses:\n${processes}`,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      tags: [{ name: 'process' }, { name: 'events' }, { name: 'operations' }],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  await app.register(swaggerUi, { routePrefix: '/documentation', staticCSP: true });
}
