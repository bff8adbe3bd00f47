import { EngineRefusedError } from '../common/index.ts';
import type { Job } from '../outbox/index.ts';
import { isEnded, readProcess, requestOf, type StoredEvent } from '../process/index.ts';
import type { EngineInstance, TaskRef } from './engine.ts';
import { completeFromJournal, isUserTaskCompleted } from './report-user-task.ts';
import { recordRefusal, type StartRecordedPorts, startRecorded } from './start-recorded.ts';

export interface RetryInstancePorts extends StartRecordedPorts {
  /** Attempts that the step of an external task gets. */
  attemptsOf: (task: TaskRef) => number;
}

/**
 * Resumes a retried process: where it stands when its instance still runs, else from its beginning, in
 * a new instance with the same request. The job says nothing but which process, so it may come twice
 * or late: it does what the last retry asks for, unless that was done or the process has ended since.
 *
 * @throws EngineUnavailableError, StoreUnavailableError, VersionConflictError: try again later
 */
export async function retryInstance(
  { correlationId }: Pick<Job, 'correlationId'>,
  ports: RetryInstancePorts,
): Promise<void> {
  const { eventStore, engine, attemptsOf } = ports;
  const stream = await readProcess(eventStore, correlationId);
  const { events, state } = stream;
  const request = requestOf(stream);
  const retried = events.findLast(({ type }) => type === 'process-retried');
  if (!state || isEnded(state) || !request || !retried) return;
  const known = await engine.findInstances(request.processName, correlationId);
  const running = known.filter(isRunning);
  if (running.some(({ processInstanceId }) => processInstanceId === state.processInstanceId)) {
    try {
      await engine.retryFailed(state.processInstanceId ?? '', attemptsOf);
      // The engine may have refused one, or was away until the process had failed for another reason.
      for (const event of events.filter(isUserTaskCompleted)) {
        if (event.data.instanceId === state.processInstanceId) {
          await completeFromJournal(event, { eventStore, engine });
        }
      }
    } catch (error) {
      if (!(error instanceof EngineRefusedError)) throw error;
      const message = `the process engine refused the retry: ${error.message}`;
      await recordRefusal(stream, { correlationId, code: error.code, message }, eventStore);
    }
    return;
  }
  // This retry had its instance, which is gone by now: the reconciler finds out what became of it.
  if (events.some(({ type, version }) => type === 'process-started' && version > retried.version)) {
    return;
  }
  // One that runs unrecorded was started by a delivery that died before it could record it.
  const earlier = recordedInstances(events);
  const found = running.find(({ processInstanceId }) => !earlier.has(processInstanceId));
  const instanceId = found?.processInstanceId;
  await startRecorded({ request, cause: retried, stream, instanceId }, ports);
}

export function isRunning({ state }: EngineInstance): boolean {
  return state === 'active' || state === 'suspended';
}

/** Every instance that the events name. */
export function recordedInstances(events: readonly StoredEvent[]): Set<string> {
  return new Set(
    events.flatMap((event) =>
      event.type === 'process-started' ? [event.data.processInstanceId] : [],
    ),
  );
}
