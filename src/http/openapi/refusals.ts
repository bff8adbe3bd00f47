import type { FastifySchema, RouteOptions } from 'fastify';
import { problem } from '../answers/problems.ts';

/** Answers that the server may give in place of any route. */
const ANYWHERE = {
  400: problem('The request is not valid'),
  408: problem('The request did not arrive in time'),
  415: problem('The body is not JSON in UTF-8, or is encoded'),
  431: problem('The headers are too large'),
  500: problem('An error inside the service, which has logged it'),
};

/** Documents these answers for a route, unless it describes the status itself. */
export function withRefusals<Route extends { schema: FastifySchema; route: RouteOptions }>(
  given: Route,
): Route {
  if (!given.schema) return given;
  const response = { ...ANYWHERE, ...(given.schema.response as object | undefined) };
  return { ...given, schema: { ...given.schema, response } };
}
