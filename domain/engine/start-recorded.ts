import { EngineRefusedError, withDates } from '../common/index.ts';
import {
  decide,
  type EventStore,
  endProcess,
  handleCommand,
  type ProcessRequested,
  type ProcessStream,
  reservedValues,
  type StoredEvent,
} from '../process/index.ts';
import type { Engine } from './engine.ts';
import type { VariableValue } from './engine-variables.ts';
import type { StartsInHand } from './starts-in-hand.ts';

interface RecordedStart {
  request: StoredEvent & ProcessRequested;
  /** The event that asks for the instance: the request, or a retry. */
  cause: StoredEvent;
  /** The process as it was read. */
  stream: ProcessStream;
  /** The instance that an earlier delivery started and did not record; left out: starts one. */
  instanceId: string | undefined;
}

export interface StartRecordedPorts {
  eventStore: EventStore;
  engine: Engine;
  /** Left out: no worker in this process waits for the record. */
  startsInHand?: Pick<StartsInHand, 'run'> | undefined;
}

/**
 * Starts an instance, unless there is one already, and records it. The engine's refusal ends the process, and
 * so does a request whose data was erased in the moment it was retried.
 *
 * Race: two callers at the same moment may both start an instance. The dedupe key of `process-started` lets one of
 * them win, and the other deletes its instance.
 *
 * @throws EngineUnavailableError, StoreUnavailableError, VersionConflictError: try again later
 */
export async function startRecorded(
  { request, cause, stream, instanceId }: RecordedStart,
  { eventStore, engine, startsInHand }: StartRecordedPorts,
): Promise<void> {
  const { correlationId, processName, identity } = request;
  await (startsInHand ? startsInHand.run(correlationId, startAndRecord) : startAndRecord());

  async function startAndRecord(): Promise<void> {
    const id = instanceId ?? (await start());
    if (id !== null && (await record(id)) !== id) await engine.cancel(id);
  }

  /** @returns the instance's id; null when it cannot be started, and the process has failed with the reason */
  async function start(): Promise<string | null> {
    if (request.erased) {
      await fail('ERASED', 'the personal data that the process needs is erased');
      return null;
    }
    try {
      return await engine.start(processName, correlationId, startVariables(request));
    } catch (error) {
      if (!(error instanceof EngineRefusedError)) throw error;
      await fail(error.code, `the process engine refused the start: ${error.message}`);
      return null;
    }
  }

  function fail(code: string, message: string): Promise<void> {
    return recordRefusal(stream, { correlationId, code, message }, eventStore);
  }

  /** @returns the instance that the process runs in; null when in none, because it was cancelled meanwhile */
  async function record(processInstanceId: string): Promise<string | null> {
    const command = {
      type: 'record-start',
      processName,
      identity,
      processInstanceId,
      requestId: cause.id,
      replaces: stream.state?.processInstanceId ?? null,
    } as const;
    const handled = await handleCommand(
      correlationId,
      ({ state }) => decide(command, state),
      eventStore,
      { from: stream },
    );
    if (handled.kind === 'duplicate') {
      const { event } = handled;
      return event.type === 'process-started' ? event.data.processInstanceId : null;
    }
    const state = handled.kind === 'appended' ? handled.state : handled.stream.state;
    // A cancel that was appended while the engine was starting found no instance to delete.
    if (state?.error?.kind === 'cancelled') return null;
    return state?.processInstanceId ?? null;
  }
}

/**
 * Ends a process because the engine refused to start it or to resume it, as it was read. When anything has happened
 * since, the job comes again and asks the engine again.
 *
 * @throws VersionConflictError, StoreUnavailableError
 */
export async function recordRefusal(
  stream: ProcessStream,
  { correlationId, code, message }: { correlationId: string; code: string; message: string },
  eventStore: EventStore,
): Promise<void> {
  const outcome = { status: 'error', kind: 'technical', code, message, step: null } as const;
  await endProcess(correlationId, { type: 'end-process', outcome }, eventStore, {
    from: stream,
    onConflict: 'throw',
  });
}

function startVariables(request: StoredEvent & ProcessRequested): Record<string, VariableValue> {
  return {
    ...withDates(request.data.variables, request.data.dates),
    ...reservedValues(request.correlationId, request.identity),
  };
}
