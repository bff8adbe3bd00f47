import type { FastifySchema, RouteOptions } from 'fastify';
import { problem } from '../answers/problems.ts';

/** Documents how the body of a route may be refused. */
export function withBody<Route extends { schema: FastifySchema; route: RouteOptions }>(
  given: Route,
): Route {
  const takesBody = [given.route.method].flat().some((method) => method === 'POST');
  if (!takesBody || !given.schema) return given;
  const response = {
    400: problem(
      'The body is not UTF-8 or not JSON, or a value in it could not be stored unchanged',
    ),
    413: problem('The body is too large'),
    ...(given.schema.response as object | undefined),
  };
  return { ...given, schema: { ...given.schema, response } };
}
