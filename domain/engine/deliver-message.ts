import { type JsonObject, StoreUnavailableError } from '../common/index.ts';
import {
  type Audit,
  decide,
  type EventStore,
  handleCommand,
  isEnded,
  readProcess,
} from '../process/index.ts';
import type { Engine } from './engine.ts';

interface Message {
  messageName: string;
  variables: JsonObject;
  /** Who sends it. */
  actor: string;
  audit: Audit;
}

type MessageAnswer =
  | { kind: 'delivered' | 'no-receiver' | 'ended' | 'unknown' }
  /** The engine has taken it, but the event of it was not written, or whether it was is not known. */
  | { kind: 'not-recorded'; reason: StoreUnavailableError };

/**
 * Delivers a message to what waits for it in the recorded instance of a process, or in one that this has
 * called: in no other, whatever its business key. The stream says which instance that is; what is in memory may
 * be from before a retry. It is an event once the engine has taken it
 * ([decision 48](../../docs/decisions/0048-record-messages-after-the-engine-took-them.md)).
 *
 * @throws StoreUnavailableError with nothing delivered, EngineUnavailableError, EngineRefusedError
 */
export async function deliverMessage(
  correlationId: string,
  message: Message,
  { eventStore, engine }: { eventStore: EventStore; engine: Pick<Engine, 'correlate'> },
): Promise<MessageAnswer> {
  const { first, state } = await readProcess(eventStore, correlationId);
  if (!first || !state) return { kind: 'unknown' };
  if (isEnded(state)) return { kind: 'ended' };
  const { processInstanceId } = state;
  // The engine has no instance yet, or none is recorded.
  if (processInstanceId === null) return { kind: 'no-receiver' };
  const { messageName, variables, actor, audit } = message;
  const isTaken = await engine.correlate(messageName, processInstanceId, variables);
  if (!isTaken) return { kind: 'no-receiver' };
  const { processName, identity } = first;
  const variableNames = Object.keys(variables);
  const command = { type: 'record-message', messageName, variableNames, actor, audit } as const;
  try {
    // What the engine has taken is an event, whatever has become of the process by now.
    await handleCommand(
      correlationId,
      () => decide({ ...command, processName, identity }, state),
      eventStore,
      { from: 'any' },
    );
    return { kind: 'delivered' };
  } catch (reason) {
    if (!(reason instanceof StoreUnavailableError)) throw reason;
    return { kind: 'not-recorded', reason };
  }
}
