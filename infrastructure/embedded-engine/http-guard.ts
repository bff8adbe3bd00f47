import type { FastifyReply, FastifyRequest } from 'fastify';
import { json } from './http-json.ts';

/** Why a call is not let in. */
export interface EngineRefusal {
  status: 401 | 403 | 429 | 503;
  message: string;
  /** For how long the same call would be refused again. */
  retryAfterSeconds?: number;
}

/** Decides who may call the REST API; null: comes in. */
export type Guard = (request: FastifyRequest) => Promise<EngineRefusal | null>;

/** Asks the guard before anything of a body is read, and for paths that there are not, too. */
export function askGuard(guard: Guard) {
  return async (
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply | undefined> => {
    const refusal = await guard(request);
    if (!refusal) return undefined;
    const { status, message, retryAfterSeconds } = refusal;
    reply.code(status);
    // Camunda's own REST API asks for the same.
    if (status === 401) reply.header('www-authenticate', 'Basic realm="default"');
    if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds));
    return json(reply, { type: 'AuthorizationException', message, code: 0 });
  };
}
