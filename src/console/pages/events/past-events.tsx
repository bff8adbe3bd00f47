import { useInfiniteQuery } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client.ts';
import { Empty, Failure, Loading } from '../../parts/states.tsx';
import { readableCount } from '../../parts/time.tsx';
import { EventsTable } from './events-table.tsx';
import { type EventsSearch, queryOf } from './filter.ts';

const PAGE = 200;

/** The events between two times, the first one first. */
export function PastEvents({ search }: { search: EventsSearch }) {
  const pages = useInfiniteQuery({
    queryKey: ['events', search],
    queryFn: ({ pageParam, signal }) =>
      bodyOf(
        api.GET('/api/events', {
          params: { query: { ...queryOf(search), limit: PAGE, cursor: pageParam } },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ atEnd, nextCursor }) => (atEnd ? undefined : nextCursor),
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
  if (pages.isPending) return <Loading lines={12} />;
  if (pages.isError) {
    return <Failure error={pages.error} onRetry={() => void pages.refetch()} />;
  }
  const events = pages.data.pages.flatMap((page) => page.events);
  return (
    <EventsTable
      events={events}
      isOldestFirst
      nothing={
        <Empty title="No event fits the filters">
          <p>Clear a filter, or choose other times.</p>
        </Empty>
      }
      foot={
        <>
          <span>{readableCount(events.length)} events, the first one first</span>
          {pages.hasNextPage && (
            <button
              type="button"
              disabled={pages.isFetchingNextPage}
              onClick={() => void pages.fetchNextPage()}
            >
              Later ones
            </button>
          )}
        </>
      }
    />
  );
}
