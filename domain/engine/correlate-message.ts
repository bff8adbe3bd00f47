import type { JsonObject } from '../common/index.ts';
import type { Engine } from './engine.ts';

/** An execution that waits for a message. */
export interface Receiver {
  id: string;
  processInstanceId: string;
}

export interface MessagePorts {
  /** The executions of one instance that wait for the message. */
  waitingIn(messageName: string, processInstanceId: string): Promise<Receiver[]>;
  /** Ids of the running instances that one instance has called itself. */
  calledBy(processInstanceId: string): Promise<string[]>;
  deliver(messageName: string, receiver: Receiver, variables: JsonObject): Promise<void>;
  /** Whether the engine itself has answered with this error: then it is known that nothing was delivered. */
  isAnswer(error: unknown): boolean;
}

/**
 * Delivers messages to executions that wait for them, in one instance and those it has called. The engine's own
 * correlation by business key is no way to do that: where nothing waits, it starts an instance of any definition
 * that begins with the message, and another instance may have the same business key
 * (https://docs.camunda.org/manual/7.24/reference/bpmn20/events/message-events/#message-api).
 */
export function createCorrelate(ports: MessagePorts): Engine['correlate'] {
  const { waitingIn, calledBy, deliver, isAnswer } = ports;

  return async (messageName, processInstanceId, variables) => {
    const waiting = await findWaiting(messageName, processInstanceId);
    const [receiver] = waiting;
    if (!receiver || waiting.length > 1) return false;
    try {
      await deliver(messageName, receiver, variables);
      return true;
    } catch (error) {
      // It may have been delivered to, or have continued on another path, since it was found.
      const stillWaiting = isAnswer(error)
        ? await waitingIn(messageName, receiver.processInstanceId)
        : [receiver];
      if (stillWaiting.some(({ id }) => id === receiver.id)) throw error;
      return false;
    }
  };

  /** Those in the instance; else those in the instances it has called, level by level. */
  async function findWaiting(messageName: string, rootId: string): Promise<Receiver[]> {
    for (let level = [rootId]; level.length > 0; ) {
      const found: Receiver[] = [];
      const below: string[] = [];
      for (const id of level) found.push(...(await waitingIn(messageName, id)));
      if (found.length > 0) return found;
      for (const id of level) below.push(...(await calledBy(id)));
      level = below;
    }
    return [];
  }
}
