import type { FeedFilter } from '../../domain/feed/index.ts';
import { ARCHIVE, type FeedSource, LIVE } from './feed-query.ts';
import type { ReadQueries } from './read-queries.ts';

/** Where the events of a time range are in the feed. */
export interface FeedSpan {
  /** Of those up to here: what is committed later may be of any time. */
  head: number;
  /** The lowest and highest position among them; null: there are none. */
  first: number | null;
  last: number | null;
}

export interface FeedSpans {
  /** What is known already of the times of a filter. */
  known(filter: FeedFilter): FeedSpan | undefined;
  /** Asks the indexes. @param head positions up to there are known */
  find(filter: FeedFilter, head: number, signal?: AbortSignal): Promise<FeedSpan>;
}

/** Time ranges that are remembered: one for every reader that is at work, some to spare. */
const MOST_SPANS = 200;

/**
 * Times do not rise with the positions: clocks differ between machines, and a commit may take its time. So it
 * takes a look at all events of a range to know where the first and the last of them are; the indexes on the
 * times have all that is needed. That is done once for all pages of a range. A position is never given to another
 * event, so what is known stays true. Archived events are among them whether they are asked for or not: they may be
 * restored.
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
      // One after the other, the log twice: what is archived or restored between two looks is in one of them.
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
      if (spans.size > MOST_SPANS && oldest !== undefined) spans.delete(oldest);
      return span;
    },
  };
}
