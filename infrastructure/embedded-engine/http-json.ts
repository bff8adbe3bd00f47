import type { FastifyReply } from 'fastify';
import { stringify } from '../worker/java-numbers.ts';

/**
 * Sends JSON with the bare content type: with a charset behind it, the external-task client takes the
 * body for a file.
 */
export function json(reply: FastifyReply, value: unknown): FastifyReply {
  return reply.header('content-type', 'application/json').send(Buffer.from(stringify(value)));
}

export function noContent(reply: FastifyReply): FastifyReply {
  return reply.code(204).send();
}

/** A text, as Camunda answers it: nothing at all when there is not one. */
export function plainText(reply: FastifyReply, value: string | null): FastifyReply {
  if (value === null) return noContent(reply);
  return reply.header('content-type', 'text/plain').send(value);
}

/** Times as Camunda writes them. */
export function time(milliseconds: number): string;
export function time(milliseconds: number | null): string | null;
export function time(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString().replace('Z', '+0000');
}
