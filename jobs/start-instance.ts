import { decide } from '../domain/decide.ts';
import { EngineRefusedError } from '../domain/errors.ts';
import type { ProcessIdentity, StoredEvent } from '../domain/events.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Delivery, Engine, EngineInstance, EventStore, Job } from '../domain/ports.ts';
import { fold, isEnded, type ProcessState } from '../domain/process.ts';

export interface StartInstancePorts {
  eventStore: EventStore;
  engine: Engine;
}

/**
 * Starts the engine's instance of a requested process and records it.
 *
 * The engine starts a second instance when asked twice, so a job that may have run before looks for
 * the business key first. Two deliveries at the same moment can still both start one: the dedupe key
 * of `process-started` lets one of them win, and the other deletes its instance, now or when it is
 * delivered again.
 *
 * @throws EngineUnavailableError, StoreUnavailableError: try again later
 */
export async function startInstance(
  job: Job,
  delivery: Delivery,
  { eventStore, engine }: StartInstancePorts,
): Promise<void> {
  const events = await eventStore.readStream(job.correlationId);
  const state = fold(events);
  const request = events[0];
  if (!state || request?.type !== 'process-requested') return;
  const { processName, identity } = request;
  const mayHaveRun = job.redelivered || delivery.attempt > 1;
  const known = mayHaveRun ? await engine.findInstances(processName, job.correlationId) : [];
  if (state.processInstanceId || isEnded(state)) {
    await cancelStrays(known, state, engine);
    return;
  }
  const processInstanceId = known[0]?.processInstanceId ?? (await start(request, state));
  if (processInstanceId) await recordStart(processInstanceId, request, events.length);

  /** @returns the instance's id, or null when the engine refused and the process has failed with it */
  async function start(
    requested: StoredEvent & { type: 'process-requested' },
    seen: ProcessState,
  ): Promise<string | null> {
    try {
      return await engine.start(processName, job.correlationId, startVariables(requested));
    } catch (error) {
      if (!(error instanceof EngineRefusedError)) throw error;
      await recordRefusal(error, seen);
      return null;
    }
  }

  async function recordRefusal(error: EngineRefusedError, seen: ProcessState): Promise<void> {
    const outcome = {
      status: 'error',
      kind: 'technical',
      code: error.code,
      message: `the process engine refused the start: ${error.message}`,
      step: null,
    } as const;
    // Of two deliveries one records the end; the other fails on the version, and finds it ended.
    await eventStore.append(
      job.correlationId,
      decide({ type: 'end-process', processName, identity, outcome }, seen),
      { expectedVersion: seen.version },
    );
  }

  async function recordStart(id: string, requested: StoredEvent, seen: number): Promise<void> {
    const command = {
      type: 'record-start',
      processName,
      identity,
      processInstanceId: id,
      requestId: requested.id,
    } as const;
    const { events: stored } = await eventStore.append(job.correlationId, decide(command, state));
    const started = stored[0];
    if (started?.type === 'process-started' && started.data.processInstanceId !== id) {
      await engine.cancel(id);
      return;
    }
    // A cancel that was recorded while the engine was starting found no instance to delete.
    if (started && started.version > seen + 1) {
      const now = fold(await eventStore.readStream(job.correlationId));
      if (now?.error?.kind === 'cancelled') await engine.cancel(id);
    }
  }
}

/**
 * A delivery that died, or lost the engine, before it could delete its surplus instance comes again and
 * finds the start recorded: the instance that is not the recorded one would run beside it.
 */
async function cancelStrays(
  known: readonly EngineInstance[],
  state: ProcessState,
  engine: Engine,
): Promise<void> {
  const cancelled = state.error?.kind === 'cancelled';
  // Ended before its start was recorded, by an instance that may be about to end as well.
  if (!cancelled && !state.processInstanceId) return;
  const kept = cancelled ? null : state.processInstanceId;
  for (const { processInstanceId, state: now } of known) {
    const runs = now === 'active' || now === 'suspended';
    if (runs && processInstanceId !== kept) await engine.cancel(processInstanceId);
  }
}

function startVariables(request: StoredEvent & { type: 'process-requested' }): JsonObject {
  return { ...request.data.variables, ...identityVariables(request) };
}

/** The variables that every instance carries, by the names of the user's data model. */
function identityVariables(event: {
  correlationId: string;
  identity: ProcessIdentity;
}): JsonObject {
  const { identity } = event;
  return {
    correlationId: event.correlationId,
    batch_id: identity.batchId,
    traceability_id: identity.traceabilityId,
    application_id: identity.applicationId,
    originating_system: identity.originatingSystem,
    identifiers: identity.identifiers,
    traceparent: identity.traceparent,
    tracestate: identity.tracestate,
  };
}
