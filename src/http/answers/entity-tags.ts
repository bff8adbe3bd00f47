import type { FastifyRequest } from 'fastify';

/** Whether If-None-Match names this entity tag (RFC 9110, 13.1.2): the caller has it already. */
export function hasTag(request: Pick<FastifyRequest, 'headers'>, wanted: string): boolean {
  const tags = request.headers['if-none-match']
    ?.split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''));
  return tags?.some((tag) => tag === '*' || tag === wanted) ?? false;
}
