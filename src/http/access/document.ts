import type { FastifySchema, RouteOptions } from 'fastify';
import { problem } from '../answers/problems.ts';
import { SESSION_COOKIE } from './session-cookie.ts';

/** How callers authenticate, for the OpenAPI document. */
export const SECURITY_SCHEMES = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key, or a token of the identity provider',
  },
  apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'An API key' },
  basic: {
    type: 'http',
    scheme: 'basic',
    description: 'Any name, and an API key as the password: for browsers',
  },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: SESSION_COOKIE,
    description:
      'The session of a browser that has signed in; over plain HTTP the name has no `__Host-`. Calls that change something must come from a page of the service',
  },
} as const;

const FOREIGN_PAGE = 'Sent by a page of another site';

/** Documents the scope of a route: who may call it, and how other callers are answered. */
export function withAccess<Route extends { schema: FastifySchema; route: RouteOptions }>(
  given: Route,
): Route {
  const { schema, route } = given;
  const scope = route.config?.scope ?? 'admin';
  if (!schema || scope === 'open') {
    const response = {
      403: problem(FOREIGN_PAGE),
      ...(schema?.response as object | undefined),
    };
    return { ...given, schema: { ...schema, security: [], response } };
  }
  const roles = scope === 'any' ? [] : [scope];
  const needs = scope === 'any' ? 'any valid key or token' : `the scope \`${scope}\``;
  return {
    ...given,
    schema: {
      ...schema,
      description: [schema.description, `Needs ${needs}.`].filter(Boolean).join('\n\n'),
      security: Object.keys(SECURITY_SCHEMES).map((name) => ({ [name]: roles })),
      response: {
        401: problem('No valid API key or token'),
        403: problem(
          scope === 'any'
            ? FOREIGN_PAGE
            : `Without the scope \`${scope}\`, or sent by a page of another site`,
        ),
        429: problem(
          'Too many requests from this caller, or too many without a valid key or token',
        ),
        503: problem('The service is overloaded, or a dependency is unavailable'),
        ...(schema.response as object | undefined),
      },
    },
  };
}
