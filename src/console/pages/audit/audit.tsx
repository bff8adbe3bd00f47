import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { api, bodyOf } from '../../api/client.ts';
import type { paths } from '../../api/openapi';
import { useMay } from '../../api/session.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { Filters, SelectFilter, TextFilter } from '../../parts/filters.tsx';
import { Page } from '../../parts/page.tsx';
import { type RangeSearch, TimesFilter, timesOf } from '../../parts/range.tsx';
import { Empty, Failure, Loading, NoPermission } from '../../parts/states.tsx';
import { useFilters } from '../../parts/use-filters.ts';
import { AUDIT_COLUMNS, type AuditEntry, OUTCOMES } from './columns.tsx';

const route = getRouteApi('/audit');

type Query = NonNullable<paths['/api/admin/audit']['get']['parameters']['query']>;
type Filter = Pick<Query, 'action' | 'outcome' | 'actor' | 'subject'> & RangeSearch;

/** The compiler reports one that is missing. */
const ACTIONS: Record<AuditEntry['action'], true> = {
  'api-key-create': true,
  'api-key-revoke': true,
  archive: true,
  purge: true,
  restore: true,
  erase: true,
  'rewrap-keys': true,
  rebuild: true,
  repair: true,
  'retry-jobs': true,
  bulk: true,
  'subscription-create': true,
  'subscription-remove': true,
  'subscription-secret': true,
  'replay-deliveries': true,
  'start-service': true,
};
const PAGE = 50;
const REFRESH_INTERVAL_MS = 10_000;

/** Administrative acts, the newest first: who did what, and what came of it. */
export function Audit() {
  const mayAdmin = useMay('admin');
  const search = route.useSearch();
  const { set } = useFilters<keyof typeof search>();
  return (
    <Page title="Audit log">
      <Filters label="Filters">
        <SelectFilter
          label="Action"
          value={search.action}
          options={Object.keys(ACTIONS).map((action) => [action, action] as const)}
          onChange={(action) => set({ action })}
        />
        <SelectFilter
          label="Outcome"
          value={search.outcome}
          options={Object.entries(OUTCOMES).map(([outcome, { label }]) => [outcome, label])}
          onChange={(outcome) => set({ outcome })}
        />
        <TextFilter label="Actor" value={search.actor} onChange={(actor) => set({ actor })} />
        <TextFilter
          label="Subject"
          value={search.subject}
          placeholder="order-4711"
          onChange={(subject) => set({ subject })}
        />
        <TimesFilter what="Written" search={search} onChange={set} />
      </Filters>
      <div className="panel">
        {mayAdmin === false ? <NoPermission scope="admin" /> : <List filter={search as Filter} />}
      </div>
    </Page>
  );
}

function List({ filter }: { filter: Filter }) {
  const entries = useInfiniteQuery({
    queryKey: ['audit', filter],
    queryFn: ({ pageParam: cursor, signal }) => {
      const { last, from, to, ...same } = filter;
      const query = { ...same, ...timesOf({ last, from, to }), limit: PAGE, cursor };
      return bodyOf(api.GET('/api/admin/audit', { params: { query }, signal }));
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    refetchInterval: REFRESH_INTERVAL_MS,
  });
  if (entries.isPending) return <Loading lines={10} />;
  if (entries.isError) {
    return <Failure error={entries.error} onRetry={() => void entries.refetch()} />;
  }
  const rows = entries.data.pages.flatMap((page) => page.entries);
  if (rows.length === 0) {
    return (
      <Empty title="No entry fits">
        <p>
          The log has administrative acts. What callers did to a process is in the events of that
          process.
        </p>
      </Empty>
    );
  }
  return (
    <>
      <DataTable
        label="Entries of the audit log"
        columns={AUDIT_COLUMNS}
        rows={rows}
        idOf={({ seq }) => String(seq)}
      />
      {entries.hasNextPage && (
        <div className="list-foot">
          <button
            type="button"
            disabled={entries.isFetchingNextPage}
            onClick={() => void entries.fetchNextPage()}
          >
            Older ones
          </button>
        </div>
      )}
    </>
  );
}
