import {
  jsonSchemaOf,
  publicDefinition,
  sendDefinitionNotFound,
} from '../../../../answers/definition-answers.ts';
import { problem } from '../../../../answers/problems.ts';
import type { Route } from '../../../../parts/route.ts';
import { definitionSchema, keyParams } from '../../../../schemas/definition.ts';

const schema = {
  operationId: 'getDefinition',
  summary: 'A process with its versions, and what a start of it takes',
  tags: ['definitions'],
  params: keyParams,
  response: {
    200: definitionSchema.describe('The process'),
    404: problem('This service has no such process'),
    503: problem('The process engine cannot be reached'),
  },
};

/** `GET /api/definitions/:key`. */
export const definitionRoute: Route<'deployed'> = async (app, { deployed }) => {
  app.get(
    '/api/definitions/:key',
    { config: { scope: 'process:read' }, schema },
    async ({ params: { key } }, reply) => {
      const found = await deployed.find(key);
      if (!found) return sendDefinitionNotFound(reply, key);
      const { input, example } = found.definition;
      return { ...publicDefinition(found), variables: jsonSchemaOf(input), example };
    },
  );
};
