import { z } from 'zod';
import { type ApiKeyRecord, isValidKey, SCOPES } from '../../../../../domain/access/index.ts';
import { problem } from '../../../answers/problems.ts';
import type { Route } from '../../../parts/route.ts';
import { queryOf } from '../../../queries/parameters.ts';
import { text, time } from '../../../schemas/fields.ts';

const keysSchema = z
  .object({
    keys: z.array(
      z.object({
        id: text.describe('The public part of the key'),
        name: text,
        scopes: z.array(z.enum(SCOPES)),
        valid: z.boolean(),
        createdAt: time,
        expiresAt: time.nullable(),
        revokedAt: time.nullable(),
        lastUsedAt: time.nullable().describe('To the minute'),
      }),
    ),
  })
  .meta({
    examples: [
      {
        keys: [
          {
            id: '0aZ4kP2mQ9x',
            name: 'billing',
            scopes: ['process:start', 'process:read'],
            valid: true,
            createdAt: '2026-01-01T08:00:00.000Z',
            expiresAt: null,
            revokedAt: null,
            lastUsedAt: '2026-01-31T12:00:00.000Z',
          },
        ],
      },
    ],
  });

const schema = {
  operationId: 'listApiKeys',
  summary: 'List the API keys, by name and age',
  description: 'Keys are created and revoked with the command `api-key`.',
  tags: ['operations'],
  querystring: queryOf({}),
  response: {
    200: keysSchema.describe('All keys, without their secrets'),
    503: problem('The database cannot be reached'),
  },
};

/** `GET /api/admin/keys`. */
export const keysRoute: Route<'administration'> = async (app, { administration }) => {
  app.get('/api/admin/keys', { config: { scope: 'admin' }, schema }, async () => ({
    keys: (await administration.keys()).map(publicKey),
  }));
};

/** Without the hash. */
function publicKey(key: ApiKeyRecord) {
  const { id, name, scopes, createdAt, expiresAt, revokedAt, lastUsedAt } = key;
  const valid = isValidKey(key, Date.now());
  return { id, name, scopes: [...scopes], valid, createdAt, expiresAt, revokedAt, lastUsedAt };
}
