import type { FastifyReply } from 'fastify';
import { EngineUnavailableError, StoreUnavailableError } from '../../../domain/common/index.ts';
import { type Problem, sendProblem } from './problems.ts';

/** Seconds after which there may be room again, or a dependency may be back. */
const RETRY_AFTER = '5';

/** 503: there is no room for the call now; see `waiting/load-limits.ts`. */
export function sendOverloaded(reply: FastifyReply, detail: string): FastifyReply {
  reply.header('Retry-After', RETRY_AFTER);
  return sendProblem(reply, 'overloaded', detail);
}

/** 503: a dependency is away. */
export function sendUnavailable(
  reply: FastifyReply,
  detail: string,
  more: Partial<Problem> = {},
): FastifyReply {
  reply.header('Retry-After', RETRY_AFTER);
  return sendProblem(reply, 'unavailable', detail, more);
}

/** 503 for an error of the database or the engine; the detail says whether anything happened. */
export function sendDependencyUnavailable(reply: FastifyReply, error: unknown): FastifyReply {
  if (!(error instanceof StoreUnavailableError)) return sendUnavailable(reply, engineDetail(error));
  const { correlationId } = error;
  return sendUnavailable(reply, storeDetail(error), correlationId ? { correlationId } : {});
}

/** What the error of a write says for its caller. */
export function storeDetail({ outcome }: StoreUnavailableError): string {
  return outcome === 'nothing-written'
    ? 'The database cannot be reached; nothing was written. Send the same request again later.'
    : 'The connection to the database was lost during the write, so it is not known whether it was written. Send the same request again later: with the same correlationId or Idempotency-Key it takes effect once. A start without either has the correlationId of this answer, if it was written.';
}

function engineDetail(error: unknown): string {
  return error instanceof EngineUnavailableError && error.outcome === 'unknown'
    ? 'The process engine accepted the call and did not answer, so it may have taken effect. Check the process, then send the same request again if it is still needed.'
    : 'The process engine cannot be reached; nothing happened. Send the same request again later.';
}
