import type { Knex } from 'knex';
import type { DueCursor, DueProcesses } from '../../domain/process/index.ts';
import type { ReadQueries } from './read-queries.ts';

/**
 * A process that waits for its time. As literals: only so both databases see that it is what `idx_process_store_waiting`
 * holds, which has no other rows to read.
 */
const WAITS = "status = 'pending' AND process_instance_id IS NULL AND started_at > updated_at";

/** Finds processes that are due, once for both databases. */
export function createDueProcesses({ knex, key, time, rows }: ReadQueries): DueProcesses {
  return {
    async list(now, limit, after, signal) {
      const query = knex('process_store')
        .select('correlation_id', 'started_at')
        .whereRaw(WAITS)
        .where('started_at', '<=', time(now))
        .orderBy(['started_at', 'correlation_id'])
        .limit(limit);
      if (after) {
        const at = time(after.startedAt);
        query
          .where('started_at', '>=', at)
          .where((either) =>
            either
              .where('started_at', '>', at)
              .orWhere('correlation_id', '>', key(after.correlationId)),
          );
      }
      type Row = { correlation_id: string; started_at: string };
      const found = await rows<Row>(query, signal);
      return found.map(
        (row): DueCursor => ({ correlationId: row.correlation_id, startedAt: row.started_at }),
      );
    },
  };
}

/** Leaves out the processes that wait for a time after `now`. */
export function leaveOutWaiting(query: Knex.QueryBuilder, now: Knex.Value): Knex.QueryBuilder {
  return query.whereRaw('NOT (process_instance_id IS NULL AND started_at > ?)', [now]);
}

/** Counts the processes that wait for a time after `now`. */
export function countWaiting(knex: Knex, now: Knex.Value): Knex.QueryBuilder {
  return knex('process_store')
    .whereRaw(WAITS)
    .where('started_at', '>', now)
    .count({ waiting: '*' });
}
