import type { StoredEvent } from '../process/index.ts';
import type { EngineIncident } from './engine.ts';

/**
 * True for an incident of a failure from before the process was last retried: the retry takes it back,
 * whenever the engine came to write it down. Times do not decide it: the engine has another clock, and its
 * incident may be much younger than the failure, because it was paused or the report took long.
 *
 * - Of a step of this service: a failure is journaled before it is reported, and so is the next one. The incident
 *   names its task, and the journal has nothing of that task since the retry.
 * - Of anything else: the reconciler has ended the process with this incident.
 *
 * Where neither decides, because a worker elsewhere failed finally and a caller ended the process, only time is left.
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
