import { z } from 'zod';
import {
  correlationIdSchema,
  endProcess,
  hashJson,
  type Outcome,
  type ProcessState,
} from '../../../../../domain/process/index.ts';
import { actorOf } from '../../../../access/caller.ts';
import { sendEnd } from '../../../answers/process-answers.ts';
import type { Route } from '../../../parts/route.ts';
import { columnText, text } from '../../../schemas/fields.ts';
import { endResponses, jsonSchema } from '../../../schemas/process.ts';

const URL = '/api/process/complete';

const schema = {
  operationId: 'completeProcess',
  summary: 'End a process: for final tasks that run outside this service',
  tags: ['process'],
  body: z
    .discriminatedUnion('status', [
      z.strictObject({
        status: z.literal('ok'),
        correlationId: correlationIdSchema,
        result: jsonSchema.default(null),
      }),
      z.strictObject({
        status: z.literal('error'),
        correlationId: correlationIdSchema,
        error: z.strictObject({
          kind: z.enum(['business', 'technical']).default('business'),
          code: columnText,
          message: text.min(1).max(4_000),
        }),
      }),
    ])
    .meta({
      examples: [{ status: 'ok', correlationId: 'order-4711', result: { shipped: true } }],
    }),
  response: endResponses,
};

/** `POST /api/process/complete`. */
export const completeRoute: Route<'store' | 'operations'> = async (
  app,
  { store: { eventStore }, operations: { idsOf } },
) => {
  app.post(URL, { config: { scope: 'process:start' }, schema }, async (request, reply) => {
    const { body } = request;
    const { correlationId } = body;
    const outcome: Outcome =
      body.status === 'ok'
        ? { status: 'ok', result: body.result }
        : { status: 'error', ...body.error, step: null };
    const audit = { httpMethod: 'POST', endpoint: URL, httpStatusCode: 200 };
    const answer = await endProcess(
      correlationId,
      { type: 'end-process', outcome, actor: actorOf(request), audit },
      eventStore,
    );
    request.log.info(
      { ...idsOf(correlationId), outcome: answer.kind },
      'a caller ends the process',
    );
    return sendEnd(reply, correlationId, answer, (state) => endedWith(outcome, state));
  });
};

function endedWith(outcome: Outcome, state: ProcessState): boolean {
  return outcome.status === 'ok'
    ? state.status === 'ok' && hashJson(state.data) === hashJson(outcome.result)
    : state.error?.code === outcome.code && state.error.message === outcome.message;
}
