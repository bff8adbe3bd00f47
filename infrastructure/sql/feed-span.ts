import type { FeedFilter } from '../../domain/feed/index.ts';
import { ARCHIVE, type FeedSource, LIVE } from './feed-query.ts';
import type { ReadQueries } from './read-queries.ts';

/** Where the events of a time range are in the feed. */
export interface FeedSpan {
  /** Only events up to here: later ones may have any time. */
  head: number;
  /** The lowest and highest position among them; null without any. */
  first: number | null;
  last: number | null;
}

interface FeedSpans {
  /** The span of a filter's times, if it is known already. */
  known(filter: FeedFilter): FeedSpan | undefined;
  /** Asks the indexes. @param head positions up to there are known */
  find(filter: FeedFilter, head: number, signal?: AbortSignal): Promise<FeedSpan>;
}

/** Time ranges that are remembered: one for every active reader, and some more. */
const MAX_SPANS = 200;

/**
 * Times do not rise with the positions: clocks differ between machines, and a commit may take long. So all events of
 * a range are read to know where the first and the last of them are; the indexes on the times have everything needed.
 * That is done once for all pages of a range. A position is never assigned to another event, so the span stays valid.
 * It includes archived events, because they may be restored.
 */
export function createFeedSpans(reads: ReadQueries, source: FeedSource): FeedSpans {
  const spans = new Map<string, FeedSpan>();
  const keyOf = ({ from, to }: FeedFilter): string => `${from} ${to}`;

  async function spanOf(table: string, filter: FeedFilter, signal?: AbortSignal) {
    const query = source.span(table);
    const time = `${source.prefix}created_at`;
    if (filter.from) query.where(time, '>=', reads.time(filter.from));
    if (filter.to) query.where(time, '<', reads.time(filter.to));
    const [row] = await reads.rows<Record<'first' | 'last', number | string | null>>(query, signal);
    return row?.first == null ? [] : [Number(row.first), Number(row.last)];
  }

  return {
    known: (filter) => spans.get(keyOf(filter)),
    async find(filter, head, signal) {
      // One after the other, the log twice: an event that is archived or restored meanwhile is found in one of them.
      const found: number[] = [];
      for (const table of [LIVE, ARCHIVE, LIVE])
        found.push(...(await spanOf(table, filter, signal)));
      const none = found.length === 0;
      const span: FeedSpan = {
        head,
        first: none ? null : Math.min(...found),
        last: none ? null : Math.max(...found),
      };
      const key = keyOf(filter);
      spans.delete(key);
      spans.set(key, span);
      const [oldest] = spans.keys();
      if (spans.size > MAX_SPANS && oldest !== undefined) spans.delete(oldest);
      return span;
    },
  };
}
