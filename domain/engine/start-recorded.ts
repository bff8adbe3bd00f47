import { EngineRefusedError, withDates } from '../common/index.ts';
import {
  decide,
  type EventStore,
  fold,
  type ProcessRequested,
  type ProcessState,
  reservedValues,
  type StoredEvent,
} from '../process/index.ts';
import type { Engine, VariableValue } from './engine.ts';

export interface RecordedStart {
  request: StoredEvent & ProcessRequested;
  /** The event that asks for the instance: the request, or a retry. */
  cause: StoredEvent;
  /** The process as it was read. */
  state: ProcessState;
  /** The instance that an earlier delivery started and did not record; left out: starts one. */
  instanceId: string | undefined;
}

/**
 * Starts an instance, unless there is one already, and records it. The engine's refusal ends the process, and
 * so does a request whose data was erased in the moment it was retried.
 * Two callers at the same moment may both start one: the dedupe key of `process-started` lets one of them
 * win, and the other deletes its instance.
 *
 * @throws EngineUnavailableError, StoreUnavailableError: try again later
 */
export async function startRecorded(
  { request, cause, state, instanceId }: RecordedStart,
  { eventStore, engine }: { eventStore: EventStore; engine: Engine },
): Promise<void> {
  const { correlationId, processName, identity } = request;
  const processInstanceId = instanceId ?? (await start());
  if (processInstanceId !== null) await record(processInstanceId);

  /** @returns the instance's id, or null when it cannot be started and the process has failed with that */
  async function start(): Promise<string | null> {
    if (request.erased) {
      await recordEnd('ERASED', 'the personal data that the process needs is erased');
      return null;
    }
    try {
      return await engine.start(processName, correlationId, startVariables(request));
    } catch (error) {
      if (!(error instanceof EngineRefusedError)) throw error;
      await recordEnd(error.code, `the process engine refused the start: ${error.message}`);
      return null;
    }
  }

  function recordEnd(code: string, message: string): Promise<void> {
    return recordFailure({ request, state, code, message }, eventStore);
  }

  async function record(id: string): Promise<void> {
    const command = {
      type: 'record-start',
      processName,
      identity,
      processInstanceId: id,
      requestId: cause.id,
      replaces: state.processInstanceId,
    } as const;
    const { events: stored } = await eventStore.append(correlationId, decide(command, state));
    const started = stored[0];
    if (started?.type === 'process-started' && started.data.processInstanceId !== id) {
      await engine.cancel(id);
      return;
    }
    // A cancel that was recorded while the engine was starting found no instance to delete.
    if (started && started.version > state.version + 1) {
      const now = fold(await eventStore.readStream(correlationId));
      if (now?.error?.kind === 'cancelled') await engine.cancel(id);
    }
  }
}

/** Ends a process for a technical reason that the engine, not a step, has given. */
export async function recordFailure(
  failure: Pick<RecordedStart, 'request' | 'state'> & { code: string; message: string },
  eventStore: EventStore,
): Promise<void> {
  const { request, state, code, message } = failure;
  const { correlationId, processName, identity } = request;
  const outcome = { status: 'error', kind: 'technical', code, message, step: null } as const;
  // Of two deliveries one records the end; the other fails on the version, and finds it ended.
  await eventStore.append(
    correlationId,
    decide({ type: 'end-process', processName, identity, outcome }, state),
    { expectedVersion: state.version },
  );
}

function startVariables(request: StoredEvent & ProcessRequested): Record<string, VariableValue> {
  return {
    ...withDates(request.data.variables, request.data.dates),
    ...reservedValues(request.correlationId, request.identity),
  };
}
