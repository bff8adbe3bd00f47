import type { Knex } from 'knex';
import type { ProcessEvent } from '../../domain/events.ts';
import type { Archive } from '../../domain/ports/archive.ts';
import type { ListDialect } from './list-processes.ts';

/**
 * Events moved in one transaction at most, but for a longer stream: bounds how long others wait. SQL
 * Server takes a lock on the whole table at 5,000 row locks of one statement
 * (https://learn.microsoft.com/sql/relational-databases/sql-server-transaction-locking-and-row-versioning-guide#lock-escalation).
 */
const MOST_EVENTS = 2_000;

/**
 * True for a row `p` of process_store that may move, its time aside. Written with `<>`: SQLite would
 * take the index on status for an equality, and sort all ended processes.
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

/** The ids of the first candidates, as many as have no more events together, but at least one. */
export function upToMostEvents(
  candidates: readonly { correlation_id: string; version: number }[],
): string[] {
  let events = 0;
  const ids: string[] = [];
  for (const { correlation_id, version } of candidates) {
    events += version;
    if (ids.length > 0 && events > MOST_EVENTS) break;
    ids.push(correlation_id);
  }
  return ids;
}

/** True when the events would make an ended process pending again: not in the archive. */
export function beginsAnew(events: readonly ProcessEvent[]): boolean {
  return events.some(({ type }) => type === 'process-retried');
}

/**
 * What events change in the row of an archived process besides `version` and `updated_at`. It has
 * ended, so its outcome stays (`evolve` in domain/process.ts).
 *
 * @returns the instance the last `process-started` names, or null when there is none
 */
export function lateInstanceId(events: readonly ProcessEvent[]): string | null {
  const started = events.findLast((event) => event.type === 'process-started');
  return started?.data.processInstanceId ?? null;
}

interface Preview {
  processes: number | string;
  events: number | string | null;
  oldest: Date | string | null;
  newest: Date | string | null;
}

/** Counts what would move; a stream has as many events as its version says. */
export function createPreview(knex: Knex, dialect: Pick<ListDialect, 'time'>): Archive['preview'] {
  return async (limit) => {
    const before = dialect.time(limit);
    const query = knex('process_store as p')
      .where('p.updated_at', '<', before)
      .where((either) => either.whereNull('p.restored_at').orWhere('p.restored_at', '<', before))
      .whereRaw(MOVABLE)
      .select(
        knex.raw(
          'COUNT(*) AS processes, SUM(p.version) AS events, MIN(p.updated_at) AS oldest, MAX(p.updated_at) AS newest',
        ),
      );
    const [row] = (await query) as unknown as Preview[];
    const time = (value: Date | string | null | undefined): string | null =>
      value ? new Date(value).toISOString() : null;
    return {
      processes: Number(row?.processes ?? 0),
      events: Number(row?.events ?? 0),
      oldest: time(row?.oldest),
      newest: time(row?.newest),
    };
  };
}
