import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { api, bodyOf } from '../../api/client.ts';
import { useMay } from '../../api/session.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { CheckFilter, Filters } from '../../parts/filters.tsx';
import { Page } from '../../parts/page.tsx';
import { Empty, Failure, Loading, NoPermission } from '../../parts/states.tsx';
import { useFilters } from '../../parts/use-filters.ts';
import { isActive } from './bulk.ts';
import { RUN_COLUMNS } from './columns.tsx';

const route = getRouteApi('/bulk');

const PAGE = 50;
const REFRESH_INTERVAL_MS = 10_000;
/** While one of them is not done. */
const ACTIVE_REFRESH_INTERVAL_MS = 2_000;

/** Runs over many processes, the newest first. */
export function BulkRuns() {
  const mayAdmin = useMay('admin');
  const search = route.useSearch();
  const { set } = useFilters<keyof typeof search>();
  const withDryRuns = search.dryRuns === 'include';
  return (
    <Page title="Bulk runs">
      <Filters label="Filters">
        <CheckFilter
          label="Dry runs, too"
          checked={withDryRuns}
          onChange={(isOn) => set({ dryRuns: isOn ? 'include' : undefined })}
        />
      </Filters>
      <div className="panel">
        {mayAdmin === false ? <NoPermission scope="admin" /> : <List withDryRuns={withDryRuns} />}
      </div>
    </Page>
  );
}

function List({ withDryRuns }: { withDryRuns: boolean }) {
  const runs = useInfiniteQuery({
    queryKey: ['bulk-runs'],
    queryFn: ({ pageParam: cursor, signal }) => {
      const query = { limit: PAGE, cursor };
      return bodyOf(api.GET('/api/admin/bulk', { params: { query }, signal }));
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    refetchInterval: ({ state: { data } }) =>
      data?.pages.some((page) => page.runs.some(isActive))
        ? ACTIVE_REFRESH_INTERVAL_MS
        : REFRESH_INTERVAL_MS,
  });
  if (runs.isPending) return <Loading />;
  if (runs.isError) return <Failure error={runs.error} onRetry={() => void runs.refetch()} />;
  const all = runs.data.pages.flatMap((page) => page.runs);
  const rows = all.filter(({ dryRun }) => withDryRuns || !dryRun);
  return (
    <>
      {rows.length === 0 ? (
        <Empty title="No bulk runs">
          <p>
            Filter the <Link to="/processes">processes</Link> or the{' '}
            <Link to="/archive">archive</Link>, and act on all that match.
          </p>
        </Empty>
      ) : (
        <DataTable label="Bulk runs" columns={RUN_COLUMNS} rows={rows} idOf={({ id }) => id} />
      )}
      {runs.hasNextPage && (
        <div className="list-foot">
          <button type="button" onClick={() => void runs.fetchNextPage()}>
            Older ones
          </button>
        </div>
      )}
    </>
  );
}
