import type { Knex } from 'knex';
import { PARTITIONS, type Partition } from '../../domain/archive/index.ts';
import type { Clock } from '../../domain/common/index.ts';
import type { IdentifierIndex } from '../../domain/identifiers/index.ts';
import type {
  ProcessCursor,
  ProcessFilter,
  ProcessStatus,
  ProcessStore,
} from '../../domain/process/index.ts';
import { type BoundedRows, pageOf } from './bounded-rows.ts';
import { PROCESS_COLUMNS, type ProcessRow } from './columns.ts';
import { countWaiting } from './due-processes.ts';
import { encodeFilter } from './process-name.ts';
import { fromProcessRow } from './process-row.ts';
import { TABLES } from './process-tables.ts';
import {
  countMatches,
  errorCodeCondition,
  identifierCondition,
  type SearchCondition,
  type SearchDialect,
  withHashes,
} from './search-conditions.ts';

/** How a database binds the values of a query that Knex would bind wrongly, and returns rows. */
export interface ListDialect extends SearchDialect {
  /** A value compared with a VARCHAR key. */
  key(value: string): Knex.Value;
  /** A value compared with a time column. */
  time(value: string): Knex.Value;
  /** Runs a query, up to the row with which the rows reach `maxBytes`; `isSearch`: it may take a while. */
  upTo(
    query: Knex.QueryBuilder,
    maxBytes: number,
    isSearch: boolean,
  ): Promise<BoundedRows<ListedRow>>;
  /** The only row of a query. */
  counts(query: Knex.QueryBuilder): Promise<Record<string, number | string>>;
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
 * Processes of which all are looked up and sorted, rather than looked for along the list: among a million both take some
 * 30 ms for so many.
 */
const MAX_SORTED = 5_000;

/** What the list of a partition is read by. */
interface PartSearch {
  partition: Partition;
  /** Those that are checked row by row. */
  conditions: readonly SearchCondition[];
  /** The one whose few processes are looked up; null: the list is read in its order. */
  few: SearchCondition | null;
}

/**
 * Pages through process_store, newest first, by keyset: a page costs the same however deep it is
 * (https://use-the-index-luke.com/no-offset). With the archive, each table returns a page by its own index, and the
 * two are merged: in one statement, so that a process that moves meanwhile is in one of them.
 *
 * Identifiers are in a table of their own, without the times by which the list is ordered: a process that changes would
 * have to change there as well. An identifier that few processes have leads to these, which are then sorted; one that many
 * have is soon found along the list.
 */
export function createListProcesses(
  knex: Knex,
  dialect: ListDialect,
  identifierIndex: Pick<IdentifierIndex, 'hashOf'>,
): ProcessStore['list'] {
  /** A page of one table. */
  function rowsOf(
    { partition, conditions, few }: PartSearch,
    limit: number,
    ...[filter, , after]: Parameters<ProcessStore['list']>
  ): Knex.QueryBuilder {
    const table = TABLES[partition].rows;
    const archivedAt = partition === 'live' ? `${dialect.noTime} AS archived_at` : 'archived_at';
    const query = knex(table)
      .select([...PROCESS_COLUMNS, knex.raw(archivedAt)])
      .orderBy(NEWEST_FIRST)
      .limit(limit);
    const narrowed = (rows: Knex.QueryBuilder, by: ProcessFilter, how: Indexed) => {
      for (const condition of conditions) condition.narrow(rows, partition);
      return narrow(rows, by, after, how);
    };
    if (few) return narrowed(query.whereIn('correlation_id', few.ids(partition)), filter, 'no');
    const { status, processName, currentStep } = filter;
    if (wholeCode(filter) !== null) return narrowed(query, filter, 'error code');
    if (status || !(processName || currentStep)) return narrowed(query, filter, 'all');
    // The indexes of these filters have the status before the time: a page of each status, which are merged by their keys.
    const pages = STATUSES.map((each) => {
      const keys = knex(table).select('correlation_id').orderBy(NEWEST_FIRST).limit(limit);
      const page = narrowed(keys, { ...filter, status: each }, 'all');
      return knex.select('correlation_id').from(page.as('page'));
    });
    const [first, ...others] = pages as [Knex.QueryBuilder, ...Knex.QueryBuilder[]];
    return query.whereIn('correlation_id', first.unionAll(others));
  }

  function narrow(
    query: Knex.QueryBuilder,
    filter: ProcessFilter,
    after: ProcessCursor | undefined,
    indexed: Indexed,
  ): Knex.QueryBuilder {
    const { status, processName, currentStep, from, to } = filter;
    const errorCode = wholeCode(filter);
    const column = (name: string, isIndexed = indexed === 'all'): string =>
      (isIndexed ? name : dialect.unindexed(name)) as string;
    const updatedAt = column('updated_at', indexed !== 'no');
    if (status) query.where(column('status'), dialect.key(status));
    if (currentStep) query.where(column('current_step'), dialect.key(currentStep));
    if (errorCode !== null) {
      query.where(column('error_code', indexed === 'error code'), errorCode);
    }
    if (processName) {
      const name = dialect.key(encodeFilter(processName));
      // A step is of one process, as a rule: its index finds fewer rows. The expression keeps that of the name away.
      if (currentStep) query.whereRaw("COALESCE(process_name, '') = ?", [name]);
      else query.where(column('process_name'), name);
    }
    if (from) query.where(updatedAt, '>=', dialect.time(from));
    if (to) query.where(updatedAt, '<', dialect.time(to));
    if (after) {
      const time = dialect.time(after.updatedAt);
      const id = dialect.key(after.correlationId);
      // The index is entered at this time: an OR alone would be a filter on all rows before it.
      query
        .where(updatedAt, '<=', time)
        .where((either) =>
          either
            .where(updatedAt, '<', time)
            .orWhere((same) => same.where(updatedAt, time).andWhere('correlation_id', '<', id)),
        );
    }
    return query;
  }

  async function conditionsOf(filter: ProcessFilter): Promise<SearchCondition[]> {
    const { identifiers = [], errorCode } = filter;
    const sought = await withHashes(identifiers, identifierIndex);
    const conditions = sought.map((one) => identifierCondition(knex, dialect, one));
    if (errorCode?.isPrefix) {
      conditions.push(errorCodeCondition(knex, dialect, errorCode.value));
    }
    return conditions;
  }

  /** Decides for each partition by how many processes fulfil each condition there, counted no further than needed. */
  async function planParts(
    partitions: readonly Partition[],
    conditions: readonly SearchCondition[],
  ): Promise<PartSearch[]> {
    if (conditions.length === 0) {
      return partitions.map((partition) => ({ partition, conditions, few: null }));
    }
    const count = await countMatches(knex, dialect.counts, partitions, conditions, MAX_SORTED);
    return partitions.map((partition) => {
      const [least] = [...conditions].sort(
        (one, other) => count(partition, one) - count(partition, other),
      );
      const few = least && count(partition, least) <= MAX_SORTED ? least : null;
      const others = few ? conditions.filter((one) => one !== few) : conditions;
      return { partition, conditions: others, few };
    });
  }

  return async (...page) => {
    const [filter, { limit, maxBytes }] = page;
    // One row more shows whether there is another page.
    const most = limit + 1;
    const partitions = filter.partitions === 'both' ? PARTITIONS : [filter.partitions ?? 'live'];
    const conditions = await conditionsOf(filter);
    const parts = await planParts(partitions, conditions);
    const [first, second] = parts.map((part) => rowsOf(part, most, ...page));
    if (!first) throw new Error('no partition is listed');
    let query = first;
    if (second) {
      // Each inside a select of its own: SQLite takes no LIMIT within a UNION.
      const both = knex
        .select('*')
        .from(first.as('live'))
        .unionAll(knex.select('*').from(second.as('archived')));
      query = knex.select('*').from(both.as('both')).orderBy(NEWEST_FIRST).limit(most);
    }
    const rows = await dialect.upTo(query, maxBytes, conditions.length > 0);
    return pageOf(rows, { limit }, (row) => {
      const state = fromProcessRow(row);
      return row.archived_at === null ? state : { ...state, archivedAt: row.archived_at };
    });
  };
}

/** The columns whose indexes a query may use: all, that of the error code and the time behind it, or none of them. */
type Indexed = 'all' | 'error code' | 'no';

/** The error code that is searched for, unless that is only its beginning. */
const wholeCode = ({ errorCode }: ProcessFilter): string | null =>
  errorCode && !errorCode.isPrefix ? errorCode.value : null;

/**
 * Counts pending processes up to a limit, so that the cost does not depend on their number. Those that wait for their
 * time are counted by an index of their own and taken off: the index on the status does not tell them apart.
 */
export function createCountPending(
  knex: Knex,
  dialect: Pick<ListDialect, 'key' | 'time'>,
  clock: Clock,
): ProcessStore['countPending'] {
  return async (upTo) => {
    const now = dialect.time(new Date(clock()).toISOString());
    const [found] = await countWaiting(knex, now);
    const waiting = Number(found?.waiting ?? 0);
    const some = knex('process_store')
      .select('correlation_id')
      .where('status', dialect.key('pending'))
      .limit(upTo + waiting)
      .as('some');
    const [row] = await knex.from(some).count({ pending: '*' });
    return Math.max(0, Number(row?.pending ?? 0) - waiting);
  };
}
