import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from './problems.ts';

/**
 * Answers what no route takes: 405 with `Allow` where the path is one of ours (RFC 9110, section 15.5.6), 204 with it
 * for OPTIONS there (section 9.3.7), else 404.
 */
export function registerNotFound(app: FastifyInstance): void {
  let paths: { pattern: RegExp; methods: string[] }[] | undefined;

  function methodsOf(path: string): string[] {
    paths ??= app.routeList.map(({ url, method }) => ({
      pattern: patternOf(url),
      methods: [method].flat(),
    }));
    const found = paths.flatMap(({ pattern, methods }) => (pattern.test(path) ? methods : []));
    if (found.length === 0) return [];
    // A GET with and without a slash at its end is heard of once, each of its HEADs too.
    const got = found.includes('HEAD') ? ['GET'] : [];
    return [...new Set([...found, ...got, 'OPTIONS'])].sort();
  }

  app.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => {
    const path = request.url.split('?')[0] ?? '';
    const methods = methodsOf(path);
    const allow = methods.join(', ');
    if (methods.length === 0) {
      return sendProblem(
        reply,
        'not-found',
        `There is no ${request.method} ${path}; see /documentation for the calls there are.`,
      );
    }
    reply.header('Allow', allow);
    if (request.method === 'OPTIONS') return reply.code(204).send();
    return sendProblem(
      reply,
      'method-not-allowed',
      `There is no ${request.method} of ${path}; there is ${allow}.`,
    );
  });
}

/** Parameters are parts of the path, a star is all that follows. */
function patternOf(url: string): RegExp {
  const source = url
    .split('/')
    .map((part) => {
      if (part.startsWith(':')) return '[^/]+';
      return part === '*' ? '.*' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
    })
    .join('/');
  return new RegExp(`^${source}$`);
}
