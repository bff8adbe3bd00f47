import type { Knex } from 'knex';
import type { EventFeed, FeedPage, FeedPosition } from '../../domain/feed/index.ts';
import { type FoundEventRow, fromEventRow } from './event-row.ts';
import {
  ARCHIVE,
  buildFeedQuery,
  type FeedRowsQuery,
  type FeedSource,
  LIVE,
  selectiveColumn,
} from './feed-query.ts';
import type { FindFeedSearch } from './feed-search.ts';
import { createFeedSpans, type FeedSpan } from './feed-span.ts';
import type { ReadQueries } from './read-queries.ts';

/** A row of event_log or its archive, and its position in the feed. */
export type FeedRow = FoundEventRow & { id: number | string; position: number | string };

/** The feed row by row, as it is stored: personal data is encrypted. See `EventFeed`. */
export interface FeedRows {
  page(query: FeedRowsQuery, signal?: AbortSignal): Promise<FeedPage<FeedRow>>;
  head(): Promise<FeedPosition>;
}

/** Positions that one query covers, so that it takes some tens of milliseconds when no event matches. */
const WINDOW = 20_000;
/** Positions among which the first event of a table is searched. */
const FAR = 10 * WINDOW;

/** Pages by position, once for both databases. */
export function createFeedRows(
  reads: ReadQueries,
  source: FeedSource,
  findSearch: FindFeedSearch,
): FeedRows {
  const { knex } = reads;
  const spans = createFeedSpans(reads, source);

  /** The first position after `after` with an event, or one before it. */
  async function firstIn(
    tables: readonly string[],
    after: number,
    upTo: number,
    signal?: AbortSignal,
  ): Promise<number | null> {
    // In one statement: with two, an event that is archived or restored between them would be in neither.
    const [first, ...rest] = tables.map((table) =>
      knex.select('*').from(source.first(table, after, upTo).as('first')),
    ) as [Knex.QueryBuilder, ...Knex.QueryBuilder[]];
    const rows = await reads.rows<{ position: number | string | null }>(
      rest.length > 0 ? first.unionAll(rest) : first,
      signal,
    );
    const found = rows.flatMap(({ position }) => (position === null ? [] : [Number(position)]));
    return found.length === 0 ? null : Math.min(...found);
  }

  return {
    async page(query, signal) {
      const after = Number(query.after);
      const { identifiers = [] } = query.filter;
      const isSearch = identifiers.length > 0;
      const byColumn = selectiveColumn(query.filter) !== null;
      const { position: head, isAll } = await source.head(
        byColumn || isSearch ? Number.POSITIVE_INFINITY : after + FAR,
        signal,
      );
      const looked = (lookedTo: number, items: FeedRow[] = [], bytes = 0): FeedPage<FeedRow> => ({
        items,
        lookedTo: String(lookedTo),
        atEnd: isAll && lookedTo >= head,
        bytes,
      });
      if (after >= head) return looked(after);
      // What was committed up to the head is either projected by now, or found by its first event.
      const search = isSearch ? await findSearch(identifiers, query.archived, signal) : undefined;
      const selective = byColumn || search?.isSelective === true;
      const read = async (from: number, upTo: number): Promise<FeedPage<FeedRow>> => {
        const statement = buildFeedQuery(reads, source, { ...query, search, from, upTo });
        const { maxBytes = Number.POSITIVE_INFINITY } = query;
        const { rows, bytes, isCut } = await reads.upTo<FeedRow>(statement, maxBytes, signal);
        const isWhole = rows.length < query.limit && !isCut;
        return looked(isWhole ? upTo : Number(rows.at(-1)?.position), rows, bytes);
      };
      if (selective) return read(after, head);

      const known = spans.known(query.filter);
      const from = known ? skip(known, after) : after;
      if (from >= head) return looked(head);
      const far = Math.min(from + FAR, head);
      const tables = query.archived ? [LIVE, ARCHIVE] : [LIVE];
      const first = await firstIn(tables, from, far, signal);
      if (first === null) return looked(far);
      const page = await read(first - 1, Math.min(first - 1 + WINDOW, head));
      const isTimed = query.filter.from !== undefined || query.filter.to !== undefined;
      const isKnown = known && Number(page.lookedTo) - known.head < FAR;
      if (page.items.length > 0 || page.atEnd || !isTimed || isKnown) return page;
      // A window without events of the time range: the indexes on the times know how many more follow.
      const span = await spans.find(query.filter, head, signal);
      return looked(Math.min(skip(span, Number(page.lookedTo)), head));
    },
    head: async () => String((await source.head(Number.POSITIVE_INFINITY)).position),
  };
}

/** The position after which the next events of the span are. */
function skip({ head, first, last }: FeedSpan, after: number): number {
  if (first !== null && after < first) return first - 1;
  return last === null || after >= last ? Math.max(after, head) : after;
}

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
