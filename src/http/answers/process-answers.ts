import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Timestamp } from '../../../domain/common/index.ts';
import {
  type EndAnswer,
  type FoundProcess,
  isEnded,
  type ProcessState,
  waitsUntil,
} from '../../../domain/process/index.ts';
import { hasTag } from './entity-tags.ts';
import { sendProblem } from './problems.ts';

/** Seconds after which a caller should ask again: a second, or when the process begins that waits for its time. */
function retryAfter(startAt: Timestamp | null): string {
  const ms = startAt === null ? 0 : Date.parse(startAt) - Date.now();
  return String(Math.max(1, Math.ceil(ms / 1_000)));
}

/** URL of the status of a process. */
export function statusUrl(correlationId: string): string {
  return `/api/process/status/${encodeURIComponent(correlationId)}`;
}

/** 202: accepted, not ended. */
function sendPending(
  reply: FastifyReply,
  correlationId: string,
  startAt: Timestamp | null,
): FastifyReply {
  const url = statusUrl(correlationId);
  return reply
    .code(202)
    .header('Location', url)
    .header('Retry-After', retryAfter(startAt))
    .send({
      status: 'pending',
      correlationId,
      statusUrl: url,
      ...(startAt === null ? {} : { startAt }),
    });
}

/** A process as status and list show it. */
export function publicProcess(state: FoundProcess) {
  const startAt = waitsUntil(state);
  return {
    correlationId: state.correlationId,
    processKey: state.processName,
    status: state.status,
    ...(state.status === 'ok' ? { result: state.data } : {}),
    ...(state.error ? { error: state.error } : {}),
    currentStep: state.currentStep,
    processInstanceId: state.processInstanceId,
    ...(startAt === null ? {} : { startAt }),
    startedAt: state.startedAt,
    updatedAt: state.updatedAt,
    completedAt: state.completedAt,
    version: state.version,
    ...(state.archivedAt ? { archived: true as const } : {}),
    ...(state.erased ? { erased: true as const } : {}),
    statusUrl: statusUrl(state.correlationId),
  };
}

/** Entity tag of a state: its version, and whether it is archived or erased, which changes no version. */
export function etagOf(state: FoundProcess): string {
  const marks = `${state.archivedAt ? '-archived' : ''}${state.erased ? '-erased' : ''}`;
  return `"${state.version}${marks}"`;
}

/** Sends a state with its tag: 200 when ended, 202 while pending. */
export function sendProcess(reply: FastifyReply, state: FoundProcess): FastifyReply {
  reply.header('ETag', etagOf(state)).header('Cache-Control', 'no-cache');
  if (!isEnded(state)) {
    reply
      .code(202)
      .header('Retry-After', retryAfter(waitsUntil(state)))
      .header('Location', statusUrl(state.correlationId));
  }
  return reply.send(publicProcess(state));
}

/** True when If-None-Match names the tag of this state: the caller has it already. */
export function isKnown(request: Pick<FastifyRequest, 'headers'>, state: FoundProcess): boolean {
  return hasTag(request, etagOf(state));
}

/** 304 without a body. */
export function sendNotModified(reply: FastifyReply, state: FoundProcess): FastifyReply {
  return reply
    .code(304)
    .header('ETag', etagOf(state))
    .header('Cache-Control', 'no-cache')
    .send(null);
}

/**
 * Sends how a process ended, or 202 when it has not.
 *
 * @param startAt the time for which it waits, where the state is not known
 */
export function sendOutcome(
  reply: FastifyReply,
  correlationId: string,
  state: ProcessState | null,
  startAt: Timestamp | null = null,
): FastifyReply {
  if (!state) return sendPending(reply, correlationId, startAt);
  if (!isEnded(state)) return sendPending(reply, correlationId, waitsUntil(state));
  if (state.status === 'error') return sendProcessError(reply, state);
  return reply.send({ status: 'ok', correlationId, result: state.data });
}

const PROBLEM_OF_KIND = {
  business: 'process-refused',
  technical: 'process-failed',
  cancelled: 'process-cancelled',
} as const;

/** 422 or 502: the error that a process ended with. */
function sendProcessError(reply: FastifyReply, { correlationId, error }: ProcessState) {
  const name = PROBLEM_OF_KIND[error?.kind ?? 'technical'];
  return sendProblem(reply, name, error?.message ?? 'no reason was recorded', {
    correlationId,
    code: error?.code ?? 'UNKNOWN',
    step: error?.step ?? null,
    statusUrl: statusUrl(correlationId),
  });
}

/**
 * Sends the answer to a command that ends a process. One that has ended already is answered with its state
 * when it ended the same way: the caller may have lost the first answer.
 */
export function sendEnd(
  reply: FastifyReply,
  correlationId: string,
  answer: EndAnswer,
  isSameEnd: (state: ProcessState) => boolean,
): FastifyReply {
  if (answer.kind === 'unknown') return sendProcessNotFound(reply, correlationId);
  if (answer.kind === 'done' || isSameEnd(answer.state)) return sendProcess(reply, answer.state);
  return sendProblem(
    reply,
    'already-ended',
    `The process has already ended with status ${answer.state.status}; its end cannot be changed.`,
    { correlationId, statusUrl: statusUrl(correlationId) },
  );
}

/** 404: no process has this correlation id. */
export function sendProcessNotFound(reply: FastifyReply, correlationId: string): FastifyReply {
  return sendProblem(
    reply,
    'not-found',
    `No process with the correlation id "${correlationId}" was ever accepted; check the id, or start it with POST /api/process/start.`,
    { correlationId },
  );
}
