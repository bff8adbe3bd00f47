import type { ArchiveCursor } from '../../domain/archive/index.ts';
import type { ProcessEvent, ProcessStatus } from '../../domain/process/index.ts';

/** The statuses of ended processes; each has its part of the index on status and time. */
export const ENDED: readonly ProcessStatus[] = ['ok', 'error'];

/**
 * True for a row `p` of process_store that may move, whatever its time: three seeks into indexes that have all
 * columns needed.
 */
export const MOVABLE = `p.status <> 'pending'
  AND p.version = (SELECT MAX(e.version) FROM event_log AS e WHERE e.correlation_id = p.correlation_id)
  AND NOT EXISTS (
    SELECT 1 FROM event_log AS e JOIN outbox AS o ON o.event_id = e.id
    WHERE e.correlation_id = p.correlation_id
  )`;

/**
 * True for a row `p` of process_store that is old enough for the archive. A restored process stays for as long as
 * one that ended when it was restored.
 *
 * @param before the parameter that holds the limit
 */
export const endedBefore = (before: string): string =>
  `p.updated_at < ${before} AND (p.restored_at IS NULL OR p.restored_at < ${before})`;

/** A process that may move. */
export interface Candidate {
  correlation_id: string;
  version: number;
  updated_at: Date | string;
}

/** What a candidate is selected by, from `process_store AS p`. */
export const CANDIDATE = 'p.correlation_id, p.version, p.updated_at FROM process_store AS p';
export const CANDIDATE_ORDER = 'ORDER BY updated_at, correlation_id';

/**
 * The ended processes of one status after the cursor (`@after_time`, `@after_id`), in the order of the index
 * idx_status: pending processes, however many and old, are not read, nor is what an earlier batch has read.
 */
export const candidatesOf = (status: ProcessStatus): string => `WHERE p.status = '${status}'
    AND p.updated_at >= @after_time AND (p.updated_at > @after_time OR p.correlation_id > @after_id)
    AND ${endedBefore('@before')} AND ${MOVABLE}`;

/** The first candidates that together have no more than `maxEvents` events, and at least one. */
export function limitEvents(candidates: readonly Candidate[], maxEvents: number): Candidate[] {
  let events = 0;
  const chosen: Candidate[] = [];
  for (const candidate of candidates) {
    events += candidate.version;
    if (chosen.length > 0 && events > maxEvents) break;
    chosen.push(candidate);
  }
  return chosen;
}

/** Where the next batch starts; null when these were the last. */
export function nextCursor(
  chosen: readonly Candidate[],
  found: readonly Candidate[],
  limit: number,
): ArchiveCursor | null {
  const last = chosen.at(-1);
  if (!last || (chosen.length === found.length && found.length < limit)) return null;
  const { correlation_id: correlationId, updated_at: updatedAt } = last;
  return { updatedAt: new Date(updatedAt).toISOString(), correlationId };
}

/** True when the events would make an ended process pending again, which the archive does not allow. */
export function reopens(events: readonly ProcessEvent[]): boolean {
  return events.some(({ type }) => type === 'process-retried');
}

/**
 * The instance that the last `process-started` names, or null without one. That is all that events change in the
 * row of an archived process besides `version` and `updated_at`: it has ended, so its outcome stays (`evolve` in
 * domain/process/process-state.ts).
 */
export function lateInstanceId(events: readonly ProcessEvent[]): string | null {
  const started = events.findLast((event) => event.type === 'process-started');
  return started?.data.processInstanceId ?? null;
}
