import type { FastifySchema, RouteOptions } from 'fastify';
import { problem } from '../answers/problems.ts';

/** What the server may answer in place of any route. */
const ANYWHERE = {
  400: problem('The request is not valid'),
  408: problem('The request did not come whole within the time there is for it'),
  415: problem('A body is not sent as JSON in UTF-8, or encoded'),
  431: problem('The headers are too large'),
  500: problem('Something is wrong on our side; the log of the service says what'),
};

/**
 * A route with the answers that are not its own, so that no route has to say them. What a route says itself of
 * such a status stands.
 */
export function withRefusals<Route extends { schema: FastifySchema; route: RouteOptions }>(
  given: Route,
): Route {
  if (!given.schema) return given;
  const response = { ...ANYWHERE, ...(given.schema.response as object | undefined) };
  return { ...given, schema: { ...given.schema, response } };
}
