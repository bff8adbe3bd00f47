import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { json } from './http-json.ts';

/** Why a call is not let in. */
export interface EngineRefusal {
  status: 401 | 403 | 503;
  message: string;
}

/** Decides who may call the REST API; null: comes in. */
export type Guard = (request: IncomingMessage) => Promise<EngineRefusal | null>;

/** Asks the guard before anything of a body is read, and for paths that there are not, too. */
export function askGuard(guard: Guard) {
  return async (
    { raw }: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply | undefined> => {
    const refusal = await guard(raw);
    if (!refusal) return undefined;
    const { status, message } = refusal;
    reply.code(status);
    // Camunda's own REST API asks for the same.
    if (status === 401) reply.header('www-authenticate', 'Basic realm="default"');
    return json(reply, { type: 'AuthorizationException', message, code: 0 });
  };
}
