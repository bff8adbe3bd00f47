import { z } from 'zod';
import type { Route } from '../../../parts/route.ts';
import { queryOf } from '../../../queries/parameters.ts';
import { text } from '../../../schemas/fields.ts';

const settingsSchema = z
  .object({
    version: text.describe('Of the service'),
    nodeVersion: text,
    roles: z.array(text).describe('Of the service instance that answers'),
    settings: z
      .record(text, z.any())
      .describe('By the names of the environment variables, with secrets and passwords masked'),
  })
  .meta({
    examples: [
      {
        version: '0.1.0',
        nodeVersion: 'v20.19.0',
        roles: ['api', 'worker', 'relay', 'projector', 'retention'],
        settings: { HOST: '127.0.0.1', PORT: 3000, PERSONAL_DATA_KEY: '***' },
      },
    ],
  });

const schema = {
  operationId: 'getSettings',
  summary: 'The version and settings of the service instance, without secrets',
  tags: ['operations'],
  querystring: queryOf({}),
  response: { 200: settingsSchema.describe('As it prints them at its start') },
};

/** `GET /api/admin/settings`. */
export const settingsRoute: Route<'version' | 'administration'> = async (
  app,
  { version, administration: { settings } },
) => {
  app.get('/api/admin/settings', { config: { scope: 'admin' }, schema }, async () => ({
    version,
    nodeVersion: process.version,
    roles: settings.ROLES as string[],
    settings: { ...settings },
  }));
};
