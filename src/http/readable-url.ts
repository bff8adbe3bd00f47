import type { FastifyInstance } from 'fastify';
import { sendProblem } from './problems.ts';

/**
 * Refuses a URL whose query cannot be decoded: the router would leave the escapes as they are, and look for
 * a text that nobody meant. Of the path it says so itself.
 */
export function registerReadableUrl(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    const { url = '' } = request.raw;
    const begin = url.indexOf('?');
    if (begin < 0 || isDecodable(url.slice(begin))) return;
    return sendProblem(
      reply,
      'invalid-request',
      'The query of the URL cannot be decoded; escape its values in UTF-8, as encodeURIComponent does.',
    );
  });
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
