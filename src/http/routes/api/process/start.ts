import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type JsonObject, logIds } from '../../../../../domain/common/index.ts';
import { hashStart, startProcess } from '../../../../../domain/process/index.ts';
import { type ProcessDefinition, readStartVariables } from '../../../../../domain/steps/index.ts';
import { ATTRIBUTES } from '../../../../../infrastructure/observability/tracing.ts';
import { actorOf, type Caller } from '../../../../access/caller.ts';
import { sendProblem } from '../../../answers/problems.ts';
import { sendOutcome, statusUrl } from '../../../answers/process-answers.ts';
import type { Route } from '../../../parts/route.ts';
import { traceOf } from '../../../requests/observe-requests.ts';
import { shortText } from '../../../schemas/process.ts';
import { beginWait, wantedWait } from '../../../waiting/caller-wait.ts';
import { startSchema } from './start.schema.ts';

/** Statuses of a start that was refused before anything was written. */
const REFUSED = new Set([400, 401, 403, 404, 413, 415, 429]);

declare module 'fastify' {
  interface FastifyRequest {
    /** The body of a start as the caller sent it: validation replaces `body`. */
    sentBody: unknown;
  }
}

/** The outcomes of a start that are counted here. An accepted start is counted by its event. */
type StartOutcome = 'joined' | 'conflict' | 'refused' | 'unavailable';

/** The name of the caller, for a start that names no application; undefined when the column cannot hold it. */
function applicationOf(caller: Caller | null): string | undefined {
  return shortText.safeParse(caller?.name).data;
}

/** `POST /api/process/start`. */
export const startRoute: Route<
  'definitions' | 'newId' | 'store' | 'live' | 'limits' | 'operations'
> = async (app, { definitions, newId, store, live, limits, operations }) => {
  const ports = { eventStore: limits.load.countStarts(store.eventStore), ...live, newId };
  const count = (process: string, outcome: StartOutcome): void =>
    operations.observe?.metrics.starts.inc({ process, outcome });
  keepSentBody(app);
  app.addHook('onResponse', (request, { statusCode }, done) => {
    const { processKey } = (request.body ?? {}) as { processKey?: unknown };
    const known = definitions.get(String(processKey))?.key ?? '';
    if (REFUSED.has(statusCode)) count(known, 'refused');
    else if (statusCode === 500 || statusCode === 503) count(known, 'unavailable');
    done();
  });

  app.post(
    '/api/process/start',
    { config: { scope: 'process:start' }, schema: startSchema },
    async (request, reply) => {
      const { body, headers } = request;
      const definition = definitions.get(body.processKey);
      if (!definition) return sendUnknownDefinition(reply, body.processKey, definitions);
      const read = readStartVariables(definition, body.variables);
      if (read.kind === 'invalid') {
        const { errors } = read;
        const detail = errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
        return sendProblem(reply, 'invalid-variables', detail, { errors });
      }
      const { variables, dates, identifiers } = read;
      const trace = traceOf(request);
      const wanted = body.correlationId ?? newId();
      nameInTrace(request, definition, wanted, trace.traceparent);
      await limits.load.holdStart(wantedWait(request, limits, true).ms > 0);
      const wait = beginWait(request, reply, limits, {
        byDefault: true,
        refuse: limits.load.refuseStart,
      });
      if (!wait) return reply;
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
            traceabilityId: body.traceabilityId ?? request.logIds?.traceId,
            applicationId: body.applicationId ?? applicationOf(request.caller),
            originatingSystem: body.originatingSystem ?? 'FastifyAPI',
            identifiers,
            ...trace,
          },
          actor: actorOf(request),
          // Only the body counts: a caller that sends it again may do so under another trace.
          requestHash: hashStart(request.sentBody as JsonObject, {
            ...body,
            variables: read.parsed,
          }),
          wait,
        },
        ports,
      );
      if (answer.kind === 'conflict') {
        count(definition.key, 'conflict');
        return sendConflict(reply, answer.correlationId);
      }
      if (answer.joined) count(definition.key, 'joined');
      return sendOutcome(reply, answer.correlationId, answer.state);
    },
  );
};

function keepSentBody(app: FastifyInstance): void {
  app.decorateRequest('sentBody', null);
  app.addHook('preValidation', (request, _reply, done) => {
    request.sentBody = request.body;
    done();
  });
}

/** For log lines and spans of the request. */
function nameInTrace(
  request: FastifyRequest,
  { key }: ProcessDefinition,
  correlationId: string,
  traceparent: string,
): void {
  request.logIds = logIds(correlationId, traceparent);
  request.span?.setAttributes({
    [ATTRIBUTES.correlationId]: correlationId,
    [ATTRIBUTES.businessKey]: correlationId,
    [ATTRIBUTES.process]: key,
  });
}

function sendUnknownDefinition(
  reply: FastifyReply,
  processKey: string,
  definitions: ReadonlyMap<string, ProcessDefinition>,
): FastifyReply {
  const known = [...definitions.keys()].join(', ');
  return sendProblem(
    reply,
    'unknown-process',
    `There is no process definition with the key "${processKey}"; the keys are ${known}.`,
  );
}

function sendConflict(reply: FastifyReply, correlationId: string): FastifyReply {
  return sendProblem(
    reply,
    'conflict',
    'The correlation id or idempotency key was used before for a different request. Use a new one, or read the state of the process that has it.',
    { correlationId, statusUrl: statusUrl(correlationId) },
  );
}
