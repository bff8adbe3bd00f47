import type { Knex } from 'knex';
import type { ProcessStore } from '../../domain/process/index.ts';
import type { ListDialect } from './list-processes.ts';
import type { ReadQueries } from './read-queries.ts';

/**
 * In one statement, so that a process that is archived meanwhile is not taken for one without a row: its events and
 * its row leave in one transaction.
 */
export function createFindUnprojected(
  knex: Knex,
  dialect: Pick<ListDialect, 'key'>,
): ProcessStore['findUnprojected'] {
  return (correlationIds) =>
    knex('event_log')
      .whereIn('event_log.correlation_id', correlationIds.map(dialect.key) as string[])
      .where('event_log.version', 1)
      .whereNotExists(
        knex('process_store')
          .select(knex.raw('1'))
          .whereRaw('process_store.correlation_id = event_log.correlation_id'),
      )
      .pluck('event_log.correlation_id');
}

/**
 * By id and not by time: the newest events then are the end of the table itself, and no two have the same id. On SQLite
 * 10,000 events of which none is found take 9 ms, on a thread that reads; a page of 100 among 4,000 takes 0.3 ms.
 */
export function createFindUnprojectedEvents({
  knex,
  rows,
}: Pick<ReadQueries, 'knex' | 'rows'>): ProcessStore['findUnprojectedEvents'] {
  return async ({ before, among, limit }) => {
    const newest = knex('event_log')
      .select('id', 'correlation_id', 'version')
      .orderBy('id', 'desc')
      .limit(among);
    if (before !== undefined) newest.where('id', '<', Number(before));
    const query = knex
      .from(newest.as('event'))
      .select('event.id', 'event.correlation_id')
      .whereNotExists(
        knex('process_store')
          .select(knex.raw('1'))
          .whereRaw('process_store.correlation_id = event.correlation_id')
          .whereRaw('process_store.version >= event.version'),
      )
      .orderBy('event.id', 'desc')
      .limit(limit);
    const found = await rows<{ id: number | string; correlation_id: string }>(query);
    return found.map((row) => ({ eventId: String(row.id), correlationId: row.correlation_id }));
  };
}
