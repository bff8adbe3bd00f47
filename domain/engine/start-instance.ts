import type { Delivery, Job } from '../outbox/index.ts';
import { type EventStore, fold, isEnded, type ProcessState } from '../process/index.ts';
import type { Engine, EngineInstance } from './engine.ts';
import { startRecorded } from './start-recorded.ts';

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
  // From there on the instance is the retry's matter; a second one here would be its twin.
  if (events.some(({ type }) => type === 'process-retried')) return;
  const mayHaveRun = job.redelivered || delivery.attempt > 1;
  const known = mayHaveRun
    ? await engine.findInstances(request.processName, job.correlationId)
    : [];
  if (state.processInstanceId || isEnded(state)) {
    await cancelStrays(known, state, engine);
    return;
  }
  const instanceId = known[0]?.processInstanceId;
  await startRecorded({ request, cause: request, state, instanceId }, { eventStore, engine });
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
