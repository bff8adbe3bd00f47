import type { Knex } from 'knex';
import type {
  EventFeed,
  FeedFilter,
  FeedPage,
  FeedPosition,
  FeedQuery,
} from '../../domain/ports/event-feed.ts';
import { EVENT_COLUMNS, type FoundEventRow, fromEventRow } from './event-row.ts';
import type { ReadQueries } from './read-queries.ts';

/** A row of event_log or its archive, and its place in the feed. */
export type FeedRow = FoundEventRow & { id: number | string; position: number | string };

/** The feed row by row, as it is stored: what is personal is sealed. See `EventFeed`. */
export interface FeedRows {
  /**
   * @param columns those of the table that are wanted besides `id`; left out: all
   */
  page(
    query: FeedQuery & { columns?: readonly (keyof FoundEventRow)[] },
    signal?: AbortSignal,
  ): Promise<FeedPage<FeedRow>>;
  head(): Promise<FeedPosition>;
}

/** How a database keeps the positions. */
export interface FeedSource {
  /** The rows of a table with their positions, those behind `after` and up to `upTo`. */
  rows(table: string, after: number, upTo: number): Knex.QueryBuilder;
  /** The column that holds the position in the query of `rows`. */
  position: string;
  /** The column names of the event's row in the query of `rows` begin with this. */
  prefix: string;
  /** The lowest position in a table behind `after`, as `position`. */
  first(table: string, after: number): Knex.QueryBuilder;
  /** The highest position, as `position`. */
  head(): Knex.QueryBuilder;
  /** An `archived_at` that is not there, as an expression. */
  noTime: string;
}

/** Positions that one look covers, so that it takes some tens of milliseconds when no event fits. */
const WINDOW = 20_000;
const LIVE = 'event_log';
const ARCHIVE = 'event_log_archive';

/** Pages by position, once for both databases. */
export function createFeedRows(reads: ReadQueries, source: FeedSource): FeedRows {
  const { knex } = reads;

  async function positionIn(query: Knex.QueryBuilder, signal?: AbortSignal): Promise<number> {
    const [row] = await reads.rows<{ position: number | string | null }>(query, signal);
    return Number(row?.position ?? 0);
  }

  function rowsOf(table: string, after: number, upTo: number, query: Query): Knex.QueryBuilder {
    const { position, prefix, noTime } = source;
    const names: readonly string[] = query.columns ?? [...EVENT_COLUMNS, 'archived_at'];
    const columns = names.map((name) =>
      name === 'archived_at' && table === LIVE
        ? knex.raw(`${noTime} AS archived_at`)
        : `${prefix}${name}`,
    );
    const rows = source
      .rows(table, after, upTo)
      .select([`${prefix}id`, `${position} as position`, ...columns])
      .orderBy(position)
      .limit(query.limit);
    return filtered(rows, query.filter, reads, prefix);
  }

  return {
    async page(query, signal) {
      const after = Number(query.after);
      const head = await positionIn(source.head(), signal);
      const end = (lookedTo: number) => ({ items: [], lookedTo: String(lookedTo), atEnd: true });
      if (after >= head) return end(after);
      const tables = query.archived ? [LIVE, ARCHIVE] : [LIVE];
      let upTo = head;
      if (!isSelective(query.filter)) {
        const firsts = await Promise.all(
          tables.map((table) => positionIn(source.first(table, after), signal)),
        );
        const first = Math.min(...firsts.filter((position) => position > 0));
        if (first > head) return end(head);
        upTo = Math.min(first + WINDOW - 1, head);
      }
      const each = tables.map((table) => rowsOf(table, after, upTo, query));
      const [live, archived] = each as [Knex.QueryBuilder, Knex.QueryBuilder | undefined];
      // Each inside a select of its own: SQLite takes no LIMIT within a UNION. In one statement, so that a
      // process that moves meanwhile is in one of them.
      const all = archived
        ? knex
            .select('*')
            .from(
              knex
                .select('*')
                .from(live.as('live'))
                .unionAll(knex.select('*').from(archived.as('archived')))
                .as('written'),
            )
            .orderBy('position')
            .limit(query.limit)
        : live;
      const items = await reads.rows<FeedRow>(all, signal);
      const last = items.length < query.limit ? upTo : Number(items.at(-1)?.position);
      return { items, lookedTo: String(last), atEnd: last === head };
    },
    head: async () => String(await positionIn(source.head())),
  };
}

type Query = Parameters<FeedRows['page']>[0];

/** The feed of events, made of its rows. */
export function createEventFeed(rows: FeedRows): EventFeed {
  return {
    async page(query, signal) {
      const { items, ...page } = await rows.page(query, signal);
      return {
        ...page,
        items: items.map((row) => ({
          position: String(row.position),
          event: fromEventRow(String(row.id), row),
        })),
      };
    },
    head: rows.head,
  };
}

/** Whether few events fit and an index finds them: then there is no need to look at all in between. */
function isSelective({ correlationId, traceabilityId }: FeedFilter): boolean {
  return correlationId !== undefined || traceabilityId !== undefined;
}

function filtered(
  rows: Knex.QueryBuilder,
  filter: FeedFilter,
  { key, time }: ReadQueries,
  prefix: string,
): Knex.QueryBuilder {
  const equal: Record<string, string | undefined> = {
    process_name: filter.processName,
    step_name: filter.stepName,
    status: filter.status,
    target_system: filter.targetSystem,
    originating_system: filter.originatingSystem,
    correlation_id: filter.correlationId,
    traceability_id: filter.traceabilityId,
    batch_id: filter.batchId,
    application_id: filter.applicationId,
  };
  for (const [column, value] of Object.entries(equal)) {
    if (value !== undefined) rows.where(prefix + column, key(value));
  }
  if (filter.types) rows.whereIn(`${prefix}event_type`, filter.types.map(key) as string[]);
  if (filter.from) rows.where(`${prefix}created_at`, '>=', time(filter.from));
  if (filter.to) rows.where(`${prefix}created_at`, '<', time(filter.to));
  return rows;
}
