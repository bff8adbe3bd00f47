import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client.ts';
import { type Range, type RangeSearch, rangeBefore, rangeOf } from '../../parts/range.tsx';

const REFRESH_INTERVAL_MS = 30_000;

const readStats = (key: string, version: number, range: Range, signal: AbortSignal) =>
  bodyOf(
    api.GET('/api/definitions/{key}/stats', {
      params: { path: { key }, query: { version, ...range } },
      signal,
    }),
  );

/** What happened at each activity of a version. */
export type Stats = Awaited<ReturnType<typeof readStats>>;
export type Activity = Stats['activities'][number];

/** The figures of a range, and of the range of the same length before it. */
export function useStats(key: string, version: number, { last, from, to }: RangeSearch) {
  return useQuery({
    queryKey: ['stats', key, version, last, from, to],
    async queryFn({ signal }) {
      const range = rangeOf({ last, from, to });
      const [stats, before] = await Promise.all([
        readStats(key, version, range, signal),
        readStats(key, version, rangeBefore(range), signal),
      ]);
      return { stats, before };
    },
    // Another range: the picture stays until its figures are there.
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_INTERVAL_MS,
  });
}
