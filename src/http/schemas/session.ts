import { z } from 'zod';
import { SCOPES } from '../../../domain/access/index.ts';
import { text, time } from './fields.ts';

export const sessionSchema = z
  .object({
    accessControl: z.enum(['on', 'off']).describe('`off`: everybody on this machine gets in'),
    signedIn: z.boolean().describe('Whether the API takes the calls of this caller'),
    kind: z
      .enum(['local', 'api-key', 'oidc', 'credential'])
      .nullable()
      .describe(
        '`api-key` and `oidc`: a session; `credential`: a key or token sent with this call; null: nobody',
      ),
    name: text.nullable().describe('The actor of what this caller does'),
    scopes: z.array(z.enum(SCOPES)),
    expiresAt: time.nullable().describe('Of the session'),
    loginUrl: text.nullable().describe('Where to sign in with OpenID Connect, if configured'),
  })
  .meta({
    id: 'Session',
    examples: [
      {
        accessControl: 'on',
        signedIn: true,
        kind: 'api-key',
        name: 'billing',
        scopes: ['process:read', 'events:read'],
        expiresAt: '2026-01-31T20:00:00.000Z',
        loginUrl: null,
      },
    ],
  });

export const signedOutSchema = z
  .object({
    logoutUrl: text
      .nullable()
      .describe('Where to sign out at the identity provider, after a sign-in there'),
  })
  .meta({ id: 'SignedOut', examples: [{ logoutUrl: null }] });
