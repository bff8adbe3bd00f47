import type { Knex } from 'knex';
import type { ProcessStore } from '../../domain/ports/process-store.ts';
import { fromProcessRow, PROCESS_COLUMNS, type ProcessRow } from './process-row.ts';

/** How a database wants the values of a query that Knex would bind wrongly, and gives rows back. */
export interface ListDialect {
  /** A value compared with a VARCHAR key. */
  key(value: string): Knex.Value;
  /** A value compared with a time column. */
  time(value: string): Knex.Value;
  row(raw: unknown): ProcessRow;
}

/**
 * Pages through process_store, newest first, by keyset: a page costs the same however deep it is
 * (https://use-the-index-luke.com/no-offset).
 */
export function createListProcesses(knex: Knex, dialect: ListDialect): ProcessStore['list'] {
  return async (filter, limit, after) => {
    const query = knex<ProcessRow>('process_store')
      .select([...PROCESS_COLUMNS])
      .orderBy([
        { column: 'updated_at', order: 'desc' },
        { column: 'correlation_id', order: 'desc' },
      ])
      .limit(limit);
    const { status, processName, currentStep, from, to } = filter;
    if (status) query.where('status', dialect.key(status));
    if (processName) query.where('process_name', dialect.key(processName));
    if (currentStep) query.where('current_step', dialect.key(currentStep));
    if (from) query.where('updated_at', '>=', dialect.time(from));
    if (to) query.where('updated_at', '<', dialect.time(to));
    if (after) {
      const updatedAt = dialect.time(after.updatedAt);
      const id = dialect.key(after.correlationId);
      query.where((either) =>
        either
          .where('updated_at', '<', updatedAt)
          .orWhere((same) =>
            same.where('updated_at', updatedAt).andWhere('correlation_id', '<', id),
          ),
      );
    }
    return (await query).map((row) => fromProcessRow(dialect.row(row)));
  };
}

/** Counts pending processes up to a bound, so that the look costs no more however many there are. */
export function createCountPending(
  knex: Knex,
  dialect: Pick<ListDialect, 'key'>,
): ProcessStore['countPending'] {
  return async (upTo) => {
    const some = knex('process_store')
      .select('correlation_id')
      .where('status', dialect.key('pending'))
      .limit(upTo)
      .as('some');
    const [row] = await knex.from(some).count({ pending: '*' });
    return Number(row?.pending ?? 0);
  };
}
