import type { FastifyRequest } from 'fastify';
import { type JsonObject, logIds } from '../../../../../domain/common/index.ts';
import { startProcess } from '../../../../../domain/process/index.ts';
import type { ProcessDefinition } from '../../../../../domain/steps/index.ts';
import { ATTRIBUTES } from '../../../../../infrastructure/observability/tracing.ts';
import { sendProblemOf } from '../../../answers/problems.ts';
import { sendOutcome } from '../../../answers/process-answers.ts';
import type { Route } from '../../../parts/route.ts';
import { traceOf } from '../../../requests/observe-requests.ts';
import { beginWait, wantedWait } from '../../../waiting/caller-wait.ts';
import { startSchema } from './start.schema.ts';
import { checkStart, conflictProblem, keepSentBody, startRequestOf } from './start-request.ts';

/** Statuses of a start that was refused before anything was written. */
const REFUSED = new Set([400, 401, 403, 404, 413, 415, 429]);

/** The outcomes of a start that are counted here. An accepted start is counted by its event. */
type StartOutcome = 'joined' | 'conflict' | 'refused' | 'unavailable';

/** `POST /api/process/start`. */
export const startRoute: Route<
  'definitions' | 'callbacks' | 'newId' | 'store' | 'live' | 'limits' | 'operations'
> = async (app, { definitions, callbacks, newId, store, live, limits, operations }) => {
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
      const checked = checkStart(body, definitions, callbacks);
      if ('problem' in checked) return sendProblemOf(reply, checked.problem);
      const { definition, isLater, startAt = null } = checked;
      const trace = traceOf(request);
      const correlationId = body.correlationId ?? newId();
      nameInTrace(request, definition, correlationId, trace.traceparent);
      const waits = !isLater && wantedWait(request, limits, true).ms > 0;
      if (!isLater) await limits.load.holdStart(waits);
      const wait = beginWait(request, reply, limits, {
        byDefault: true,
        never: isLater,
        refuse: (waiting) => limits.load.refuseStart(waiting, isLater),
      });
      if (!wait) return reply;
      const answer = await startProcess(
        startRequestOf(request, checked, {
          body,
          sent: request.sentBody as JsonObject,
          correlationId,
          idempotencyKey: headers['idempotency-key'],
          trace,
          traceId: request.logIds?.traceId,
          wait,
        }),
        ports,
      );
      if (answer.kind === 'conflict') {
        count(definition.key, 'conflict');
        return sendProblemOf(reply, conflictProblem(answer.correlationId));
      }
      if (answer.joined) count(definition.key, 'joined');
      return sendOutcome(reply, answer.correlationId, answer.state, isLater ? startAt : null);
    },
  );
};

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
