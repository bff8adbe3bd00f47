import { endProcess } from '../../../../../../domain/process/index.ts';
import { actorOf } from '../../../../../access/caller.ts';
import { sendEnd } from '../../../../answers/process-answers.ts';
import type { Route } from '../../../../parts/route.ts';
import { correlationParams, endResponses, reasonBody } from '../../../../schemas/process.ts';

const URL = '/api/process/:correlationId/cancel';
const DEFAULT_REASON = 'cancelled by the caller';

const schema = {
  operationId: 'cancelProcess',
  summary: 'Cancel a pending process, also in the engine',
  tags: ['process'],
  params: correlationParams,
  body: reasonBody(DEFAULT_REASON, 'ordered twice'),
  response: endResponses,
};

/** `POST /api/process/:correlationId/cancel`. */
export const cancelRoute: Route<'store' | 'operations'> = async (
  app,
  { store: { eventStore }, operations: { idsOf } },
) => {
  app.post(URL, { config: { scope: 'process:start' }, schema }, async (request, reply) => {
    const { correlationId } = request.params;
    const reason = request.body?.reason ?? DEFAULT_REASON;
    const audit = { httpMethod: 'POST', endpoint: URL, httpStatusCode: 200 };
    const answer = await endProcess(
      correlationId,
      { type: 'cancel-process', reason, actor: actorOf(request), audit },
      eventStore,
    );
    request.log.info(
      { ...idsOf(correlationId), outcome: answer.kind },
      'a caller cancels the process',
    );
    return sendEnd(reply, correlationId, answer, (state) => state.error?.kind === 'cancelled');
  });
};
