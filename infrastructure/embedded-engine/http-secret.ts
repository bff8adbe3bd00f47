import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { json } from './http-json.ts';

/**
 * Lets in who brings the secret as a bearer token (RFC 6750): everybody on the machine reaches loopback, and the
 * engine has the variables of all processes. Hashes are compared, so that the time it takes says nothing.
 */
export function askForSecret(secret: string) {
  const expected = digest(`Bearer ${secret}`);
  return async (
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply | undefined> => {
    if (timingSafeEqual(digest(request.headers.authorization ?? ''), expected)) return undefined;
    reply.code(401).header('www-authenticate', 'Bearer');
    return json(reply, {
      type: 'AuthorizationException',
      message: 'the embedded engine serves its own service only',
      code: 0,
    });
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
