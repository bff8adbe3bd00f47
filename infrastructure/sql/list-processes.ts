import type { Knex } from 'knex';
import type {
  ProcessCursor,
  ProcessFilter,
  ProcessStatus,
  ProcessStore,
} from '../../domain/process/index.ts';
import { type BoundedRows, pageOf } from './bounded-rows.ts';
import { PROCESS_COLUMNS, type ProcessRow } from './columns.ts';
import { encodeFilter } from './process-name.ts';
import { fromProcessRow } from './process-row.ts';

/** How a database binds the values of a query that Knex would bind wrongly, and returns rows. */
export interface ListDialect {
  /** A value compared with a VARCHAR key. */
  key(value: string): Knex.Value;
  /** A value compared with a time column. */
  time(value: string): Knex.Value;
  /** Runs a query, up to the row with which the rows reach `maxBytes`. */
  upTo(query: Knex.QueryBuilder, maxBytes: number): Promise<BoundedRows<ListedRow>>;
  /** A time of NULL, as an expression. */
  noTime: string;
}

export type ListedRow = ProcessRow & { archived_at: string | null };

const NEWEST_FIRST = [
  { column: 'updated_at', order: 'desc' },
  { column: 'correlation_id', order: 'desc' },
];

const STATUSES: readonly ProcessStatus[] = ['pending', 'ok', 'error'];

/**
 * Pages through process_store, newest first, by keyset: a page costs the same however deep it is
 * (https://use-the-index-luke.com/no-offset). With the archive, each table returns a page by its own index, and the
 * two are merged: in one statement, so that a process that moves meanwhile is in one of them.
 */
export function createListProcesses(knex: Knex, dialect: ListDialect): ProcessStore['list'] {
  /** A page of one table. */
  function rowsOf(
    table: string,
    archivedAt: string,
    limit: number,
    ...[filter, , after]: Parameters<ProcessStore['list']>
  ): Knex.QueryBuilder {
    const query = knex(table)
      .select([...PROCESS_COLUMNS, knex.raw(`${archivedAt} AS archived_at`)])
      .orderBy(NEWEST_FIRST)
      .limit(limit);
    const { status, processName, currentStep } = filter;
    if (status || !(processName || currentStep)) return narrow(query, filter, after);
    // The indexes of these filters have the status before the time: a page of each status, which are merged by their keys.
    const pages = STATUSES.map((each) => {
      const keys = knex(table).select('correlation_id').orderBy(NEWEST_FIRST).limit(limit);
      return knex
        .select('correlation_id')
        .from(narrow(keys, { ...filter, status: each }, after).as('page'));
    });
    const [first, ...others] = pages as [Knex.QueryBuilder, ...Knex.QueryBuilder[]];
    return query.whereIn('correlation_id', first.unionAll(others));
  }

  function narrow(
    query: Knex.QueryBuilder,
    { status, processName, currentStep, from, to }: ProcessFilter,
    after: ProcessCursor | undefined,
  ): Knex.QueryBuilder {
    if (status) query.where('status', dialect.key(status));
    if (currentStep) query.where('current_step', dialect.key(currentStep));
    if (processName) {
      const name = dialect.key(encodeFilter(processName));
      // A step is of one process, as a rule: its index finds fewer rows. The expression keeps that of the name away.
      if (currentStep) query.whereRaw("COALESCE(process_name, '') = ?", [name]);
      else query.where('process_name', name);
    }
    if (from) query.where('updated_at', '>=', dialect.time(from));
    if (to) query.where('updated_at', '<', dialect.time(to));
    if (after) {
      const updatedAt = dialect.time(after.updatedAt);
      const id = dialect.key(after.correlationId);
      // The index is entered at this time: an OR alone would be a filter on all rows before it.
      query
        .where('updated_at', '<=', updatedAt)
        .where((either) =>
          either
            .where('updated_at', '<', updatedAt)
            .orWhere((same) =>
              same.where('updated_at', updatedAt).andWhere('correlation_id', '<', id),
            ),
        );
    }
    return query;
  }

  return async (...page) => {
    const [filter, { limit, maxBytes }] = page;
    // One row more shows whether there is another page.
    const most = limit + 1;
    const live = rowsOf('process_store', dialect.noTime, most, ...page);
    const archived = rowsOf('process_store_archive', 'archived_at', most, ...page);
    let query = filter.partitions === 'archived' ? archived : live;
    if (filter.partitions === 'both') {
      // Each inside a select of its own: SQLite takes no LIMIT within a UNION.
      const both = knex
        .select('*')
        .from(live.as('live'))
        .unionAll(knex.select('*').from(archived.as('archived')));
      query = knex.select('*').from(both.as('both')).orderBy(NEWEST_FIRST).limit(most);
    }
    return pageOf(await dialect.upTo(query, maxBytes), { limit }, (row) => {
      const state = fromProcessRow(row);
      return row.archived_at === null ? state : { ...state, archivedAt: row.archived_at };
    });
  };
}

/** Counts pending processes up to a limit, so that the cost does not depend on their number. */
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
