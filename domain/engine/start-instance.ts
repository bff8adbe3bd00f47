import type { Clock } from '../common/index.ts';
import type { Delivery, Job } from '../outbox/index.ts';
import { beginOf, isEnded, type ProcessState, readProcess, requestOf } from '../process/index.ts';
import type { Engine, EngineInstance } from './engine.ts';
import { isRunning } from './retry-instance.ts';
import { type StartRecordedPorts, startRecorded } from './start-recorded.ts';

export interface StartInstancePorts extends StartRecordedPorts {
  clock: Clock;
}

/**
 * Starts the engine's instance of a requested process and records it.
 *
 * The engine starts a second instance when asked twice, so a job that may have run before looks for
 * the business key first. Race: two deliveries at the same moment can still both start one. The dedupe key
 * of `process-started` lets one of them win, and the other deletes its instance, now or when it is
 * delivered again.
 *
 * @throws EngineUnavailableError, StoreUnavailableError, VersionConflictError: try again later
 */
export async function startInstance(
  { correlationId, redelivered }: Job,
  { attempt }: Delivery,
  ports: StartInstancePorts,
): Promise<void> {
  const { eventStore, engine, clock } = ports;
  const stream = await readProcess(eventStore, correlationId);
  const { events, state } = stream;
  const request = requestOf(stream);
  if (!state || !request) return;
  // It comes again when it is due (`begin-due.ts`).
  if (Date.parse(beginOf(request)) > clock()) return;
  // From there on the retry starts the instance; one of ours would be a duplicate.
  if (events.some(({ type }) => type === 'process-retried')) return;
  const mayHaveRun = redelivered || attempt > 1;
  const known = mayHaveRun ? await engine.findInstances(request.processName, correlationId) : [];
  if (state.processInstanceId || isEnded(state)) {
    await cancelDuplicates(known, state, engine);
    return;
  }
  const instanceId = known[0]?.processInstanceId;
  await startRecorded({ request, cause: request, stream, instanceId }, ports);
}

/**
 * A delivery that died, or lost the engine, before it could delete its duplicate instance comes again and
 * finds the start recorded: the duplicate would run beside the recorded one.
 */
async function cancelDuplicates(
  known: readonly EngineInstance[],
  state: ProcessState,
  engine: Engine,
): Promise<void> {
  const cancelled = state.error?.kind === 'cancelled';
  // Ended before its start was recorded, by an instance that may be about to end as well.
  if (!cancelled && !state.processInstanceId) return;
  const kept = cancelled ? null : state.processInstanceId;
  for (const one of known) {
    if (isRunning(one) && one.processInstanceId !== kept)
      await engine.cancel(one.processInstanceId);
  }
}
