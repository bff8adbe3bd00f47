import { z } from 'zod';
import { EngineRefusedError } from '../../domain/common/index.ts';
import { createCorrelate, type Engine, toEngineVariables } from '../../domain/engine/index.ts';
import type { RestClient } from './rest-client.ts';

const executionsAnswer = z.array(z.object({ id: z.string(), processInstanceId: z.string() }));
const calledAnswer = z.array(z.object({ id: z.string() }));

/** Servlet containers refuse these in a path, escaped or not. */
const NOT_IN_A_PATH = /[/\\]/;

/** Delivers messages by the REST API. */
export function createRestCorrelate({
  call,
  change,
}: Pick<RestClient, 'call' | 'change'>): Engine['correlate'] {
  return createCorrelate({
    waitingIn(messageEventSubscriptionName, processInstanceId) {
      const query = new URLSearchParams({ processInstanceId, messageEventSubscriptionName });
      return call(executionsAnswer, 'GET', `/execution?${query}`);
    },
    async calledBy(processInstanceId) {
      const query = new URLSearchParams({ superProcessInstance: processInstanceId });
      const called = await call(calledAnswer, 'GET', `/process-instance?${query}`);
      return called.map(({ id }) => id);
    },
    async deliver(messageName, { id, processInstanceId }, given) {
      const variables = toEngineVariables(given);
      if (NOT_IN_A_PATH.test(messageName)) {
        const message = { messageName, processInstanceId, processVariables: variables };
        await change(z.null(), 'POST', '/message', message);
        return;
      }
      const path = `/execution/${encodeURIComponent(id)}/messageSubscriptions/${encodeURIComponent(messageName)}/trigger`;
      await change(z.null(), 'POST', path, { variables });
    },
    isAnswer: hasStatus,
  });
}

/** An answer of the engine, not a lost connection. */
function hasStatus(error: unknown): boolean {
  return error instanceof EngineRefusedError || (error instanceof Error && 'httpStatus' in error);
}
