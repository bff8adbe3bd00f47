import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { api, bodyOf, type Process, type ProcessEvent } from '../../api/client.ts';
import { useFollow } from '../../api/follow.ts';
import { useMay } from '../../api/session.ts';
import { type ProcessFilter, queryOf } from '../../parts/process-filter.ts';

/** How a process may have ended. */
export const FINAL_STATUSES = [
  ['ok', 'Completed'],
  ['error', 'Failed, refused or cancelled'],
] as const;

const PAGE = 50;
/** Changes come in bursts; the list reads its first page at most this often. */
const REFRESH_INTERVAL_MS = 1_000;
/** Without the scope to follow events, and when an event is missed. */
const POLL_INTERVAL_MS = 10_000;

const readPage = (filter: ProcessFilter, cursor: string | undefined, signal: AbortSignal) =>
  bodyOf(
    api.GET('/api/process', {
      params: { query: { ...queryOf(filter), limit: PAGE, cursor } },
      signal,
    }),
  );

/**
 * A list of processes that changes by itself. While `isHeld`, rows change where they are, and none come or move:
 * `news` counts what a `showNews` would bring.
 */
export function useProcessList(filter: ProcessFilter, isHeld: boolean) {
  const client = useQueryClient();
  const listKey = ['processes', filter];
  const headKey = ['processes-head', filter];

  const list = useInfiniteQuery({
    queryKey: listKey,
    queryFn: ({ pageParam, signal }) => readPage(filter, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    // The first page is read by the query below; older pages change when they are shown again.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
  const head = useQuery({
    queryKey: headKey,
    queryFn: ({ signal }) => readPage(filter, undefined, signal),
    enabled: list.isSuccess,
    refetchInterval: POLL_INTERVAL_MS,
  });

  const isLive = useMay('events:read') === true;
  const refresh = useThrottled(() => void client.invalidateQueries({ queryKey: headKey }));
  const watched = filter.process ? `&process=${encodeURIComponent(filter.process)}` : '';
  const url = isLive ? `/api/events?cursor=latest${watched}` : null;
  useFollow<ProcessEvent>(url, refresh);

  const pages = list.data?.pages ?? [];
  const shown = pages.flatMap(({ processes }) => processes);
  const fresh = head.data?.processes ?? [];
  const ids = new Set(shown.map(({ correlationId }) => correlationId));
  const news = fresh.filter(({ correlationId }) => !ids.has(correlationId)).length;
  const newest = new Map(fresh.map((process) => [process.correlationId, process]));
  const rows = shown.map((process) => newer(process, newest.get(process.correlationId)));

  function showNews(): void {
    if (!head.data) return;
    client.setQueryData(listKey, { pages: [head.data], pageParams: [undefined] });
  }

  /** Reads the list from its beginning, also while it is held. */
  function reload(): void {
    for (const queryKey of [headKey, listKey]) void client.resetQueries({ queryKey });
  }

  const mayReplace = !isHeld && pages.length === 1 && head.data !== undefined;
  useEffect(() => {
    if (mayReplace) showNews();
  }, [mayReplace, head.data]);

  return { list, rows, news: mayReplace ? 0 : news, showNews, reload, isLive, refresh };
}

/** The one with the later version. */
export function newer(shown: Process, fresh: Process | undefined): Process {
  return fresh && fresh.version > shown.version ? fresh : shown;
}

/** Calls at once, and then not again before the interval is over. */
function useThrottled(work: () => void): () => void {
  const latest = useRef(work);
  latest.current = work;
  const [throttled] = useState(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let again = false;
    return function call(): void {
      if (timer) {
        again = true;
        return;
      }
      again = false;
      latest.current();
      timer = setTimeout(() => {
        timer = undefined;
        if (again) call();
      }, REFRESH_INTERVAL_MS);
    };
  });
  return throttled;
}
