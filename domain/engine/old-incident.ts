import type { StoredEvent } from '../process/index.ts';
import type { EngineIncident } from './engine.ts';

/**
 * True for an incident of what a process had failed with before it was last retried: the retry takes it back,
 * whenever the engine came to write it down. Not told by time, for the engine's clock is another one and its
 * incident may be from long after the failure: when it was paused, or the report was under way for long.
 *
 * - Of a step here: a failure is journaled before the engine hears of it, and so is the next one. The incident
 *   names its task, and the journal has nothing of that since the retry.
 * - Of anything else: the reconciler has ended the process with that very incident.
 *
 * Where neither says it, for a worker elsewhere failed for good and a caller ended the process, time is all there is.
 */
export function isOldIncident(
  { id, taskId, at }: Pick<EngineIncident, 'id' | 'taskId' | 'at'>,
  events: readonly StoredEvent[],
): boolean {
  const retried = events.findLast(({ type }) => type === 'process-retried');
  if (!retried) return false;
  const retriedAt = retried.version;
  const last = events.findLast(
    ({ data }) => taskId !== null && 'taskId' in data && data.taskId === taskId,
  );
  if (last) return last.version < retriedAt;
  const named = events.filter(
    (event) => event.type === 'process-failed' && event.version < retriedAt,
  );
  if (named.some(({ data }) => 'incidentIds' in data && data.incidentIds?.includes(id)))
    return true;
  const byReconciler = named.at(-1);
  const isNamed = byReconciler && 'incidentIds' in byReconciler.data;
  return !isNamed && at < retried.createdAt;
}
