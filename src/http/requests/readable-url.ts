import type { FastifyInstance, FastifyRequest } from 'fastify';
import { sendProblem } from '../answers/problems.ts';

/**
 * Refuses empty parameters, and a URL whose query cannot be decoded: the router would leave the escapes as they are, and look for
 * a text that nobody meant. Of the path it says so itself.
 */
export function registerReadableUrl(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    // RFC 9112, section 3.2. Node would refuse it without a word.
    if (request.raw.httpVersion === '1.1' && request.headers.host === undefined) {
      return sendProblem(reply, 'invalid-request', 'There is no Host header; HTTP/1.1 needs one.');
    }
    const { url = '' } = request.raw;
    const begin = url.indexOf('?');
    if (begin < 0) return;
    if (!isDecodable(url.slice(begin))) {
      return sendProblem(
        reply,
        'invalid-request',
        'The query of the URL cannot be decoded; escape its values in UTF-8, as encodeURIComponent does.',
      );
    }
    const empty = emptyParameters(request);
    if (empty.length === 0) return;
    const message = 'must not be empty; leave it out to have all';
    const errors = empty.map((name) => ({ path: `querystring.${name}`, message }));
    const detail = errors.map(({ path }) => `${path}: ${message}`).join('; ');
    return sendProblem(reply, 'invalid-request', detail, { errors });
  });
}

/** Their schemas say more: what forms there are, where to get one; and steps may have no target system. */
const LEFT_TO_SCHEMAS = ['at', 'cursor', 'targetSystem'];

/** An empty filter is a mistake in a script as a rule, and would be taken for none. */
function emptyParameters({ routeOptions, query }: FastifyRequest): string[] {
  if (!routeOptions.url?.startsWith('/api/')) return [];
  const given = Object.entries(query as Record<string, string | string[]>);
  return given
    .filter(([name, value]) => !LEFT_TO_SCHEMAS.includes(name) && [value].flat().includes(''))
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
