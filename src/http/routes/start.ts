import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { type JsonObject, logIds, parseTraceparent } from '../../../domain/common/index.ts';
import {
  hashStart,
  isEnded,
  type StartPorts,
  startProcess,
} from '../../../domain/process/index.ts';
import { type ProcessDefinition, readStartVariables } from '../../../domain/steps/index.ts';
import { ATTRIBUTES } from '../../../infrastructure/observability/tracing.ts';
import { actorOf, type Caller } from '../../access/caller.ts';
import { problem, sendOverloaded, sendProblem, sendProcessError } from '../answers/problems.ts';
import { sendPending, statusUrl } from '../answers/process-answers.ts';
import { traceOf } from '../requests/observe-requests.ts';
import {
  pendingSchema,
  resultSchema,
  shortText,
  startBody,
  startHeaders,
} from '../schemas/process.ts';
import type { LoadLimits } from '../waiting/load-limits.ts';
import { preferredWait } from '../waiting/prefer.ts';

/** Statuses of a start that was refused before anything was written. */
const REFUSED = new Set([400, 401, 403, 404, 413, 415, 429]);

declare module 'fastify' {
  interface FastifyRequest {
    /** The body of a start as the caller sent it: validation puts another one in its place. */
    sentBody: unknown;
  }
}

/** What became of a start besides being accepted, which its event tells. */
export type StartOutcome = 'joined' | 'conflict' | 'refused' | 'unavailable';

/** Who calls, as the audit trail can hold it, for a call that does not say for which application it is. */
function applicationOf(caller: Caller | null): string | undefined {
  return shortText.safeParse(caller?.name).data;
}

/** `POST /api/process/start`. */
export const startRoutes: FastifyPluginAsyncZod<{
  definitions: ReadonlyMap<string, ProcessDefinition>;
  ports: StartPorts;
  limits: LoadLimits;
  waitTimeoutMs: number;
  /** Hears the key of the process too, or an empty one when there is no such process. */
  onStart?: ((processKey: string, outcome: StartOutcome) => void) | undefined;
}> = async (app, { definitions, ports, limits, waitTimeoutMs, onStart }) => {
  app.decorateRequest('sentBody', null);
  app.addHook('preValidation', (request, _reply, done) => {
    request.sentBody = request.body;
    done();
  });
  app.addHook('onResponse', (request, { statusCode }, done) => {
    const { processKey } = (request.body ?? {}) as { processKey?: unknown };
    const known = definitions.get(String(processKey))?.key ?? '';
    if (REFUSED.has(statusCode)) onStart?.(known, 'refused');
    else if (statusCode === 500 || statusCode === 503) onStart?.(known, 'unavailable');
    done();
  });
  app.post(
    '/api/process/start',
    {
      config: { scope: 'process:start' },
      schema: {
        operationId: 'startProcess',
        summary: 'Start a process and wait for its result',
        tags: ['process'],
        headers: startHeaders,
        body: startBody,
        response: {
          200: resultSchema.describe('The process ended well'),
          202: pendingSchema.describe('Accepted; not ended within the time to wait'),
          400: problem('The request or its variables are not valid; nothing was written'),
          404: problem('No process definition has this key'),
          409: problem('The correlation id or idempotency key stands for another request'),
          422: problem('The process ended in a business error'),
          502: problem('The process ended in a technical failure'),
          503: problem(
            'The database cannot be reached, or there is too much to do; nothing was written',
          ),
        },
      },
    },
    async (request, reply) => {
      const { body, headers } = request;
      const definition = definitions.get(body.processKey);
      if (!definition) {
        const known = [...definitions.keys()].join(', ');
        return sendProblem(
          reply,
          'unknown-process',
          `There is no process with the key "${body.processKey}"; there are ${known}.`,
        );
      }
      const read = readStartVariables(definition, body.variables);
      if (read.kind === 'invalid') {
        const { errors } = read;
        const detail = errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
        return sendProblem(reply, 'invalid-variables', detail, { errors });
      }
      const { variables, dates, identifiers } = read;
      const trace = traceOf(request);
      const traceId = parseTraceparent(trace.traceparent)?.traceId;
      const wanted = body.correlationId ?? ports.newId();
      request.logIds = logIds(wanted, trace.traceparent);
      request.span?.setAttributes({
        [ATTRIBUTES.correlationId]: wanted,
        [ATTRIBUTES.businessKey]: wanted,
        [ATTRIBUTES.process]: definition.key,
      });
      // Only what the body says: a caller that sends it again may do so under another trace.
      const sent = request.sentBody as JsonObject;
      const requestHash = hashStart(sent, { ...body, variables: read.parsed });
      const wait = preferredWait(headers.prefer, waitTimeoutMs, waitTimeoutMs);
      const refusal = limits.refuseStart(wait.ms > 0);
      if (refusal) return sendOverloaded(reply, refusal);
      const answer = await startProcess(
        {
          definition,
          correlationId: wanted,
          idempotencyKey: headers['idempotency-key'],
          callerId: request.caller?.id ?? null,
          variables,
          dates,
          identity: {
            batchId: body.batchId,
            traceabilityId: body.traceabilityId ?? traceId,
            applicationId: body.applicationId ?? applicationOf(request.caller),
            originatingSystem: body.originatingSystem ?? 'FastifyAPI',
            identifiers,
            ...trace,
          },
          actor: actorOf(request),
          requestHash,
          waitMs: wait.ms,
        },
        ports,
        // A caller who hangs up frees its place at once.
        (waiter) => void reply.raw.once('close', () => waiter.cancel('hung-up')),
      );
      if (wait.applied) reply.header('Preference-Applied', wait.applied);
      const { correlationId } = answer;
      const url = statusUrl(correlationId);
      if (answer.kind === 'conflict') {
        onStart?.(definition.key, 'conflict');
        return sendProblem(
          reply,
          'conflict',
          'The correlation id or idempotency key was used before for a different request. Use a new one, or read the state of the process that has it.',
          { correlationId, statusUrl: url },
        );
      }
      if (answer.joined) onStart?.(definition.key, 'joined');
      const { state } = answer;
      if (!state || !isEnded(state)) return sendPending(reply, correlationId);
      if (state.status === 'error') return sendProcessError(reply, state, url);
      return reply.send({ status: 'ok', correlationId, result: state.data });
    },
  );
};
