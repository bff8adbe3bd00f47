import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Subscriptions } from '../../../../../domain/callbacks/index.ts';
import { DAY_MS, type JsonObject, type Timestamp } from '../../../../../domain/common/index.ts';
import { hashStart, type startProcess } from '../../../../../domain/process/index.ts';
import { type ProcessDefinition, readStartVariables } from '../../../../../domain/steps/index.ts';
import { actorOf, type Caller } from '../../../../access/caller.ts';
import { type Problem, problemOf } from '../../../answers/problems.ts';
import { statusUrl } from '../../../answers/process-answers.ts';
import { timeParameter } from '../../../queries/parameters.ts';
import type { traceOf } from '../../../requests/observe-requests.ts';
import { shortText } from '../../../schemas/process.ts';
import { MAX_START_AHEAD_MS, type startBody } from './start.schema.ts';

type StartBody = z.infer<typeof startBody>;
type StartRequest = Parameters<typeof startProcess>[0];
type ReadVariables = Extract<ReturnType<typeof readStartVariables>, { kind: 'valid' }>;

/** A start whose process is known and whose variables fit it. */
interface CheckedStart {
  definition: ProcessDefinition;
  read: ReadVariables;
  /** In UTC; undefined: at once. */
  startAt: Timestamp | undefined;
  /** Whether `startAt` is in the future: the caller is answered at once. */
  isLater: boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The body of a start as the caller sent it: validation replaces `body`. */
    sentBody: unknown;
  }
}

/** Keeps the body of each request of these routes as it was sent. */
export function keepSentBody(app: FastifyInstance): void {
  app.decorateRequest('sentBody', null);
  app.addHook('preValidation', (request, _reply, done) => {
    request.sentBody = request.body;
    done();
  });
}

/** Finds the process of a start and reads its variables, or says what is wrong with it; nothing is written yet. */
export function checkStart(
  { processKey, variables, callback, startAt: sentTime }: StartBody,
  definitions: ReadonlyMap<string, ProcessDefinition>,
  callbacks: Pick<Subscriptions, 'refuse'>,
): CheckedStart | { problem: Problem } {
  const definition = definitions.get(processKey);
  if (!definition) {
    const known = [...definitions.keys()].join(', ');
    const detail = `There is no process definition with the key "${processKey}"; the keys are ${known}.`;
    return { problem: problemOf('unknown-process', detail) };
  }
  const refusal = callback ? callbacks.refuse(callback.url) : null;
  if (refusal !== null) {
    const path = 'body.callback.url';
    const errors = [{ path, message: refusal }];
    return { problem: problemOf('invalid-request', `${path}: ${refusal}`, { errors }) };
  }
  const read = readStartVariables(definition, variables);
  const startAt = sentTime === undefined ? undefined : timeParameter.parse(sentTime);
  const aheadMs = startAt === undefined ? 0 : Date.parse(startAt) - Date.now();
  if (aheadMs > MAX_START_AHEAD_MS) {
    const message = `must be at most ${MAX_START_AHEAD_MS / DAY_MS} days ahead`;
    const errors = [{ path: 'body.startAt', message }];
    return { problem: problemOf('invalid-request', `body.startAt: ${message}`, { errors }) };
  }
  if (read.kind === 'valid') return { definition, read, startAt, isLater: aheadMs > 0 };
  const { errors } = read;
  const detail = errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return { problem: problemOf('invalid-variables', detail, { errors }) };
}

/**
 * What is asked of the domain.
 *
 * @param sent the start as the caller sent it: validation replaces the body
 */
export function startRequestOf(
  request: FastifyRequest,
  { definition, read, startAt }: CheckedStart,
  start: {
    body: StartBody;
    sent: JsonObject;
    correlationId: string;
    idempotencyKey: string | undefined;
    trace: ReturnType<typeof traceOf>;
    traceId: string | undefined;
    wait: StartRequest['wait'];
  },
): StartRequest {
  const { body, sent, correlationId, idempotencyKey, trace, traceId, wait } = start;
  const { variables, dates, identifiers } = read;
  return {
    definition,
    correlationId,
    idempotencyKey,
    callerId: request.caller?.id ?? null,
    variables,
    dates,
    startAt,
    identity: {
      batchId: body.batchId,
      traceabilityId: body.traceabilityId ?? traceId,
      applicationId: body.applicationId ?? applicationOf(request.caller),
      originatingSystem: body.originatingSystem ?? 'FastifyAPI',
      identifiers,
      ...trace,
    },
    callback: body.callback,
    actor: actorOf(request),
    // Only the body counts: a caller that sends it again may do so under another trace.
    requestHash: hashStart(sent, { ...body, variables: read.parsed }),
    wait,
  };
}

/** The name of the caller, for a start that names no application; undefined when the column cannot hold it. */
function applicationOf(caller: Caller | null): string | undefined {
  return shortText.safeParse(caller?.name).data;
}

/** An id or key that was used for something else. */
export function conflictProblem(correlationId: string): Problem {
  return problemOf(
    'conflict',
    'The correlation id or idempotency key was used before for a different request. Use a new one, or read the state of the process that has it.',
    { correlationId, statusUrl: statusUrl(correlationId) },
  );
}
