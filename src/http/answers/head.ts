import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

/**
 * Answers a HEAD for what GET would stream: its headers, without a length, which nobody knows beforehand
 * (RFC 9110, 9.3.2).
 */
export function sendHead(reply: FastifyReply): FastifyReply {
  // Of a stream that is sent, Fastify sends a HEAD no length.
  return reply.code(200).send(Readable.from([]));
}
