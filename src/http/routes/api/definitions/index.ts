import { publicDefinition } from '../../../answers/definition-answers.ts';
import { problem } from '../../../answers/problems.ts';
import type { Route } from '../../../parts/route.ts';
import { queryOf } from '../../../queries/parameters.ts';
import { definitionsSchema } from '../../../schemas/definition.ts';

const schema = {
  operationId: 'listDefinitions',
  summary: 'List the processes with their versions, and how many instances run on each',
  tags: ['definitions'],
  querystring: queryOf({}),
  response: {
    200: definitionsSchema.describe('The processes of this service, by key'),
    503: problem('The process engine cannot be reached'),
  },
};

/** `GET /api/definitions`. */
export const definitionListRoute: Route<'deployed'> = async (app, { deployed }) => {
  app.get('/api/definitions', { config: { scope: 'process:read' }, schema }, async () => ({
    definitions: (await deployed.list()).map(publicDefinition),
  }));
};
