import type { Knex } from 'knex';
import type { FeedFilter, FeedQuery } from '../../domain/feed/index.ts';
import { EVENT_COLUMNS } from './columns.ts';
import type { FoundEventRow } from './event-row.ts';
import type { FeedSearch } from './feed-search.ts';
import { encodeFilter } from './process-name.ts';
import type { ReadQueries } from './read-queries.ts';
import { narrowByEventCode } from './search-conditions.ts';

export const LIVE = 'event_log';
export const ARCHIVE = 'event_log_archive';

/** How far the feed is. */
export interface FeedHead {
  /** The last position. */
  position: number;
  /** Whether all events that were committed before the call are up to this position. */
  isAll: boolean;
}

/** How a database keeps the positions. */
export interface FeedSource {
  /** Finds the last position, or one that is at least `enough`. */
  head(enough: number, signal?: AbortSignal): Promise<FeedHead>;
  /** The rows of a table with their positions, those after `after` and up to `upTo`. */
  rows(table: string, after: number, upTo: number): Knex.QueryBuilder;
  /** The column that holds the position in the query of `rows`. */
  position: string;
  /** The column that orders the events of one stream like their positions, preferably one of the stream's index. */
  streamOrder: string;
  /** The column names of the event's row in the query of `rows` begin with this. */
  prefix: string;
  /** The first position of a table after `after`, or one before it, as `position`; null without any up to `upTo`. */
  first(table: string, after: number, upTo: number): Knex.QueryBuilder;
  /** The rows of a table, of which the lowest and highest position are selected as `first` and `last`. */
  span(table: string): Knex.QueryBuilder;
  /** A column whose index is not to be used. */
  unindexed(column: string): string | Knex.Raw;
  /** The first rows of both queries in the order of their `position`, or by the column that orders them like it. */
  merged(
    live: Knex.QueryBuilder,
    archived: Knex.QueryBuilder,
    limit: number,
    order: string,
  ): Knex.QueryBuilder;
  /** The text at a path of a JSON column, compared byte by byte, as an expression. */
  jsonText(column: string, path: string): string;
  /** An `archived_at` of NULL, as an expression. */
  noTime: string;
}

/** @param columns the columns to select besides `id`; left out: all */
export type FeedRowsQuery = FeedQuery & {
  columns?: readonly (keyof FoundEventRow)[];
  /** The processes that the filter's identifiers lead to. */
  search?: FeedSearch | undefined;
};

/** The column of the filter whose index finds the few matching events. */
export function selectiveColumn({ correlationId, traceabilityId }: FeedFilter): string | null {
  if (correlationId !== undefined) return 'correlation_id';
  return traceabilityId === undefined ? null : 'traceability_id';
}

/** Indexed together with the id: these indexes find the matching events within a part of the feed. */
const WITHIN_PART = ['status', 'step_name'];

/**
 * The events after `from` and up to `upTo`, with the archived ones if the query wants them: in one statement, so
 * that a process that moves meanwhile is in one of the tables.
 */
export function buildFeedQuery(
  reads: ReadQueries,
  source: FeedSource,
  query: FeedRowsQuery & { from: number; upTo: number },
): Knex.QueryBuilder {
  const { position, streamOrder, merged } = source;
  const order = query.filter.correlationId === undefined ? position : streamOrder;
  const live = rowsOf(LIVE, reads, source, query);
  if (!query.archived) return live.orderBy(order).limit(query.limit);
  return merged(live, rowsOf(ARCHIVE, reads, source, query), query.limit, order);
}

function rowsOf(
  table: string,
  reads: ReadQueries,
  source: FeedSource,
  { columns, filter, search, from, upTo }: FeedRowsQuery & { from: number; upTo: number },
): Knex.QueryBuilder {
  const { position, prefix, noTime } = source;
  // What orders the rows of a union must be among its columns.
  const names: readonly string[] = columns
    ? [...new Set([...columns, 'version'])]
    : [...EVENT_COLUMNS, 'archived_at'];
  const selected = names.map((name) =>
    name === 'archived_at' && table === LIVE
      ? reads.knex.raw(`${noTime} AS archived_at`)
      : `${prefix}${name}`,
  );
  const rows = source
    .rows(table, from, upTo)
    .select([`${prefix}id`, `${position} as position`, ...selected]);
  search?.narrow(
    rows,
    table === LIVE ? 'live' : 'archived',
    `${prefix || `${table}.`}correlation_id`,
  );
  return filtered(rows, filter, reads, source, search?.isSelective ? [] : WITHIN_PART);
}

function filtered(
  rows: Knex.QueryBuilder,
  filter: FeedFilter,
  { key, time }: ReadQueries,
  { prefix, unindexed, jsonText }: FeedSource,
  within: readonly string[],
): Knex.QueryBuilder {
  const equal: Record<string, string | undefined> = {
    process_name: filter.processName && encodeFilter(filter.processName),
    step_name: filter.stepName,
    status: filter.status,
    target_system: filter.targetSystem,
    originating_system: filter.originatingSystem,
    correlation_id: filter.correlationId,
    traceability_id: filter.traceabilityId,
    batch_id: filter.batchId,
    application_id: filter.applicationId,
  };
  const selective = selectiveColumn(filter);
  const indexed = selective ? [selective] : within;
  const column = (name: string): string =>
    (indexed.includes(name) ? prefix + name : unindexed(prefix + name)) as string;
  for (const [name, value] of Object.entries(equal)) {
    if (value !== undefined) rows.where(column(name), key(value));
  }
  if (filter.types) rows.whereIn(column('event_type'), filter.types.map(key) as string[]);
  if (filter.errorCode) {
    narrowByEventCode(rows, { jsonText }, filter.errorCode, prefix);
    // All of them are errors, whose index finds them within a part of the feed.
    if (filter.status === undefined) rows.where(column('status'), key('error'));
  }
  if (filter.from) rows.where(column('created_at'), '>=', time(filter.from));
  if (filter.to) rows.where(column('created_at'), '<', time(filter.to));
  return rows;
}
