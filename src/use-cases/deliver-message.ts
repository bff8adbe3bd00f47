import type { JsonObject } from '../../domain/json.ts';
import type { Engine } from '../../domain/ports/engine.ts';
import type { EventStore } from '../../domain/ports/event-store.ts';
import { fold, isEnded } from '../../domain/process.ts';

export type MessageAnswer = 'delivered' | 'no-receiver' | 'ended' | 'unknown';

/**
 * Delivers a message to what waits for it in the recorded instance of a process, or in one that this has
 * called: in no other, whatever its business key. The stream says which instance that is; what is in memory may
 * be from before a retry.
 *
 * @throws StoreUnavailableError, EngineUnavailableError, EngineRefusedError
 */
export async function deliverMessage(
  correlationId: string,
  message: { messageName: string; variables: JsonObject },
  { eventStore, engine }: { eventStore: EventStore; engine: Engine },
): Promise<MessageAnswer> {
  const state = fold(await eventStore.readStream(correlationId));
  if (!state) return 'unknown';
  if (isEnded(state)) return 'ended';
  const { processInstanceId } = state;
  // The engine has no instance yet, or not said so.
  if (processInstanceId === null) return 'no-receiver';
  const { messageName, variables } = message;
  const isDelivered = await engine.correlate(messageName, processInstanceId, variables);
  return isDelivered ? 'delivered' : 'no-receiver';
}
