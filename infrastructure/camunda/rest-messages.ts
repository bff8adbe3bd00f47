import { z } from 'zod';
import { EngineRefusedError } from '../../domain/common/index.ts';
import { type Engine, toEngineVariables } from '../../domain/engine/index.ts';
import type { RestClient } from './rest-client.ts';

const executionsAnswer = z.array(z.object({ id: z.string(), processInstanceId: z.string() }));
const calledAnswer = z.array(z.object({ id: z.string() }));

type Execution = z.infer<typeof executionsAnswer>[number];

/** Servlet containers refuse these in a path, escaped or not. */
const NOT_IN_A_PATH = /[/\\]/;

/**
 * Delivers messages to executions that wait for them, in one instance and those it has called. The engine's own
 * correlation by business key is no way to do that: where nothing waits, it starts an instance of any definition
 * that begins with the message, and another instance may have the same business key
 * (https://docs.camunda.org/manual/7.24/reference/bpmn20/events/message-events/#message-api).
 */
export function createCorrelate({
  call,
  change,
}: Pick<RestClient, 'call' | 'change'>): Engine['correlate'] {
  return async (messageName, processInstanceId, variables) => {
    const waiting = await findWaiting(messageName, processInstanceId);
    const [execution] = waiting;
    if (!execution || waiting.length > 1) return false;
    try {
      await trigger(messageName, execution, toEngineVariables(variables));
      return true;
    } catch (error) {
      // It may have been triggered, or have continued on another path, since it was found.
      const stillWaiting = hasStatus(error) ? await waitingIn(messageName, execution) : [execution];
      if (stillWaiting.some(({ id }) => id === execution.id)) throw error;
      return false;
    }
  };

  /** Those in the instance; else those in the instances it has called, level by level. */
  async function findWaiting(messageName: string, rootId: string): Promise<Execution[]> {
    for (let level = [rootId]; level.length > 0; ) {
      const found: Execution[] = [];
      const below: string[] = [];
      for (const processInstanceId of level) {
        found.push(...(await waitingIn(messageName, { processInstanceId })));
      }
      if (found.length > 0) return found;
      for (const id of level) {
        const query = new URLSearchParams({ superProcessInstance: id });
        const called = await call(calledAnswer, 'GET', `/process-instance?${query}`);
        below.push(...called.map((one) => one.id));
      }
      level = below;
    }
    return [];
  }

  function waitingIn(
    messageEventSubscriptionName: string,
    { processInstanceId }: Pick<Execution, 'processInstanceId'>,
  ): Promise<Execution[]> {
    const query = new URLSearchParams({ processInstanceId, messageEventSubscriptionName });
    return call(executionsAnswer, 'GET', `/execution?${query}`);
  }

  async function trigger(
    messageName: string,
    { id, processInstanceId }: Execution,
    variables: ReturnType<typeof toEngineVariables>,
  ): Promise<void> {
    if (NOT_IN_A_PATH.test(messageName)) {
      const message = { messageName, processInstanceId, processVariables: variables };
      await change(z.null(), 'POST', '/message', message);
      return;
    }
    const path = `/execution/${encodeURIComponent(id)}/messageSubscriptions/${encodeURIComponent(messageName)}/trigger`;
    await change(z.null(), 'POST', path, { variables });
  }
}

/** An answer of the engine, not a lost connection. */
function hasStatus(error: unknown): boolean {
  return error instanceof EngineRefusedError || (error instanceof Error && 'httpStatus' in error);
}
