import type { Knex } from 'knex';
import type { ProcessStore } from '../../domain/process/index.ts';
import type { ListDialect } from './list-processes.ts';

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
