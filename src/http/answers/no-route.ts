import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from './problems.ts';

/**
 * Answers requests that no route handles. When the path has other methods: 405 with `Allow` (RFC 9110, section
 * 15.5.6), or 204 with `Allow` for OPTIONS (section 9.3.7). Otherwise 404.
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
    // Of a route with and without a trailing slash Fastify reports GET once, but both HEADs.
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
        `There is no ${request.method} ${path}; see /documentation for all calls.`,
      );
    }
    reply.header('Allow', allow);
    if (request.method === 'OPTIONS') return reply.code(204).send();
    return sendProblem(
      reply,
      'method-not-allowed',
      `${path} does not support ${request.method}; it supports ${allow}.`,
    );
  });
}

/** A parameter matches one part of the path, a star matches all that follows. */
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
