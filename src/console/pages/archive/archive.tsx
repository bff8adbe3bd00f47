import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { api, bodyOf } from '../../api/client.ts';
import { useMay } from '../../api/session.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { Filters, SelectFilter, TextFilter } from '../../parts/filters.tsx';
import { Page } from '../../parts/page.tsx';
import { type ProcessFilter, queryOf } from '../../parts/process-filter.ts';
import { Empty, Failure, Loading, NoPermission } from '../../parts/states.tsx';
import { useFilters } from '../../parts/use-filters.ts';
import { BulkOffers } from '../bulk/bulk-offers.tsx';
import { BusinessFilters } from '../processes/business-filters.tsx';
import { PROCESS_COLUMNS } from '../processes/columns.tsx';
import { FINAL_STATUSES } from '../processes/process-list.ts';

const route = getRouteApi('/archive');
const PAGE = 50;
const BULK_ACTIONS = ['restore'] as const;

/** Archived processes, the last changed first; the page of each restores it, and an administrator all that match. */
export function Archive() {
  const mayRead = useMay('process:read');
  const search = route.useSearch();
  const { set } = useFilters<keyof typeof search>();
  return (
    <Page title="Archive">
      <Filters label="Filters">
        <SelectFilter
          label="Status"
          value={search.status}
          options={FINAL_STATUSES}
          onChange={(status) => set({ status })}
        />
        <TextFilter
          label="Process"
          value={search.process}
          onChange={(process) => set({ process })}
        />
        <BusinessFilters search={search} set={set} />
      </Filters>
      <div className="panel">
        {mayRead === false ? (
          <NoPermission scope="process:read" />
        ) : (
          <List filter={search as ProcessFilter} />
        )}
      </div>
    </Page>
  );
}

function List({ filter }: { filter: ProcessFilter }) {
  const archived = useInfiniteQuery({
    queryKey: ['archive', filter],
    queryFn: ({ pageParam: cursor, signal }) => {
      const query = { ...queryOf(filter), archive: 'only', limit: PAGE, cursor } as const;
      return bodyOf(api.GET('/api/process', { params: { query }, signal }));
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  });
  if (archived.isPending) return <Loading lines={10} />;
  if (archived.isError) {
    return <Failure error={archived.error} onRetry={() => void archived.refetch()} />;
  }
  const rows = archived.data.pages.flatMap(({ processes }) => processes);
  if (rows.length === 0) {
    return (
      <Empty title="No archived process fits">
        <p>Processes that have ended are archived after 90 days, or as RETENTION_DAYS says.</p>
      </Empty>
    );
  }
  return (
    <>
      <BulkOffers actions={BULK_ACTIONS} filter={filter} />
      <DataTable
        label="Archived processes"
        columns={PROCESS_COLUMNS}
        rows={rows}
        idOf={({ correlationId }) => correlationId}
      />
      {archived.hasNextPage && (
        <div className="list-foot">
          <button type="button" onClick={() => void archived.fetchNextPage()}>
            Older ones
          </button>
        </div>
      )}
    </>
  );
}
