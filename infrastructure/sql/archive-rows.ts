import type { ArchivePlace } from '../../domain/archive/index.ts';
import type { ProcessEvent, ProcessStatus } from '../../domain/process/index.ts';

/**
 * Events moved in one transaction at most, but for a longer stream: bounds how long others wait. SQL
 * Server takes a lock on the whole table at 5,000 row locks of one statement
 * (https://learn.microsoft.com/sql/relational-databases/sql-server-transaction-locking-and-row-versioning-guide#lock-escalation).
 */
const MOST_EVENTS = 2_000;

/** What an ended process may be; each has its part of the index on status and time. */
export const ENDED: readonly ProcessStatus[] = ['ok', 'error'];

/**
 * True for a row `p` of process_store that may move, its time aside: three seeks into indexes that have all
 * that is asked for.
 */
export const MOVABLE = `p.status <> 'pending'
  AND p.version = (SELECT MAX(e.version) FROM event_log AS e WHERE e.correlation_id = p.correlation_id)
  AND NOT EXISTS (
    SELECT 1 FROM event_log AS e JOIN outbox AS o ON o.event_id = e.id
    WHERE e.correlation_id = p.correlation_id
  )`;

/**
 * True for a row `p` of process_store that is old enough for the archive: what was restored stays for as
 * long as what ended at that time.
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

const CANDIDATE = 'p.correlation_id, p.version, p.updated_at FROM process_store AS p';
const IN_ORDER = 'ORDER BY updated_at, correlation_id';

/**
 * The ended processes of one status behind the place (`@after_time`, `@after_id`), in the order of the index
 * idx_status_updated_at: pending processes, however many and old, are not looked at, nor is what an earlier
 * batch has looked at.
 */
const behind = (status: ProcessStatus): string => `WHERE p.status = '${status}'
    AND p.updated_at >= @after_time AND (p.updated_at > @after_time OR p.correlation_id > @after_id)
    AND ${endedBefore('@before')} AND ${MOVABLE}`;

/** The first `@limit` candidates on SQLite, which walks along both parts of the index no further than it must. */
export const CANDIDATES_SQLITE = `${ENDED.map((status) => `SELECT ${CANDIDATE} ${behind(status)}`).join(' UNION ALL ')}
  ${IN_ORDER} LIMIT @limit`;

/** The same on SQL Server, which is told how far it must. */
export const CANDIDATES_MSSQL = `SELECT TOP (@limit) correlation_id, version, updated_at FROM (${ENDED.map(
  (status) => `SELECT * FROM (
  SELECT TOP (@limit) ${CANDIDATE} ${behind(status)} ${IN_ORDER}) AS of_${status}`,
).join(' UNION ALL ')}) AS ended ${IN_ORDER}`;

/** The first candidates, as many as have no more events together, but at least one. */
export function upToMostEvents(candidates: readonly Candidate[]): Candidate[] {
  let events = 0;
  const chosen: Candidate[] = [];
  for (const candidate of candidates) {
    events += candidate.version;
    if (chosen.length > 0 && events > MOST_EVENTS) break;
    chosen.push(candidate);
  }
  return chosen;
}

/** Where the batch after this one goes on; null when these were the last. */
export function placeAfter(
  chosen: readonly Candidate[],
  found: readonly Candidate[],
  limit: number,
): ArchivePlace | null {
  const last = chosen.at(-1);
  if (!last || (chosen.length === found.length && found.length < limit)) return null;
  const { correlation_id: correlationId, updated_at: updatedAt } = last;
  return { updatedAt: new Date(updatedAt).toISOString(), correlationId };
}

/** True when the events would make an ended process pending again: not in the archive. */
export function beginsAnew(events: readonly ProcessEvent[]): boolean {
  return events.some(({ type }) => type === 'process-retried');
}

/**
 * What events change in the row of an archived process besides `version` and `updated_at`. It has
 * ended, so its outcome stays (`evolve` in domain/process/process-state.ts).
 *
 * @returns the instance the last `process-started` names, or null when there is none
 */
export function lateInstanceId(events: readonly ProcessEvent[]): string | null {
  const started = events.findLast((event) => event.type === 'process-started');
  return started?.data.processInstanceId ?? null;
}
