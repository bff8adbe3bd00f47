import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from '../answers/problems.ts';

/**
 * Refuses empty parameters, and a query that cannot be decoded: the router would keep the escapes and pass on a text
 * that nobody meant. It refuses a path that cannot be decoded itself.
 */
export function registerReadableUrl(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (!refuse(request, reply)) done();
  });
}

/** @returns the reply when the request is refused */
function refuse(request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
  // RFC 9112, section 3.2. Node would refuse it without an explanation.
  if (request.raw.httpVersion === '1.1' && request.headers.host === undefined) {
    return sendProblem(reply, 'invalid-request', 'There is no Host header; HTTP/1.1 needs one.');
  }
  const { url = '' } = request.raw;
  const begin = url.indexOf('?');
  if (begin < 0) return undefined;
  if (!isDecodable(url.slice(begin))) {
    return sendProblem(
      reply,
      'invalid-request',
      'The query of the URL cannot be decoded; escape its values in UTF-8, as encodeURIComponent does.',
    );
  }
  const empty = emptyParameters(request);
  if (empty.length === 0) return undefined;
  const message = 'must not be empty; leave it out to have all';
  const errors = empty.map((name) => ({ path: `querystring.${name}`, message }));
  const detail = errors.map(({ path }) => `${path}: ${message}`).join('; ');
  return sendProblem(reply, 'invalid-request', detail, { errors });
}

/** The schemas of these give better messages; and an empty target system means steps without one. */
const CHECKED_BY_SCHEMAS = ['at', 'cursor', 'targetSystem'];

/** An empty filter is usually a mistake in a script, and would be ignored. */
function emptyParameters({ routeOptions, query }: FastifyRequest): string[] {
  if (!routeOptions.url?.startsWith('/api/')) return [];
  const given = Object.entries(query as Record<string, string | string[]>);
  return given
    .filter(([name, value]) => !CHECKED_BY_SCHEMAS.includes(name) && [value].flat().includes(''))
    .map(([name]) => name);
}

function isDecodable(query: string): boolean {
  if (!query.includes('%')) return true;
  try {
    decodeURIComponent(query);
    return true;
  } catch {
    return false;
  }
}
