import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

/** Answers HEAD where GET would stream: with the headers, but no length, which is not known (RFC 9110, 9.3.2). */
export function sendHead(reply: FastifyReply): FastifyReply {
  // Fastify sends no Content-Length for a HEAD when the payload is a stream.
  return reply.code(200).send(Readable.from([]));
}
