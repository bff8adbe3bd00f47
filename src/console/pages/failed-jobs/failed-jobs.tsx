import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { api, bodyOf } from '../../api/client.ts';
import type { paths } from '../../api/openapi';
import { messageOf } from '../../api/problem.ts';
import { useMay } from '../../api/session.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Filters, SelectFilter } from '../../parts/filters.tsx';
import { Page } from '../../parts/page.tsx';
import { ProcessLink } from '../../parts/process-link.tsx';
import { Empty, Failure, Loading, NoPermission } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { useFilters } from '../../parts/use-filters.ts';

const route = getRouteApi('/failed-jobs');

type Query = NonNullable<paths['/api/admin/jobs/failed']['get']['parameters']['query']>;
type JobName = NonNullable<Query['name']>;
type Answer =
  paths['/api/admin/jobs/failed']['get']['responses'][200]['content']['application/json'];
type Job = Answer['jobs'][number];

const NAMES: Record<JobName, true> = {
  'start-instance': true,
  'cancel-instance': true,
  'retry-instance': true,
  'complete-user-task': true,
  'project-process': true,
};
const REFRESH_INTERVAL_MS = 10_000;

/** Jobs that failed for a reason that does not go away by itself. */
export function FailedJobs() {
  const mayAdmin = useMay('admin');
  const search = route.useSearch();
  const { set } = useFilters<keyof typeof search>();
  return (
    <Page title="Failed jobs">
      <Filters label="Filters">
        <SelectFilter
          label="Job"
          value={search.name}
          options={Object.keys(NAMES).map((name) => [name, name] as const)}
          onChange={(name) => set({ name })}
        />
      </Filters>
      <div className="panel">
        {mayAdmin === false ? (
          <NoPermission scope="admin" />
        ) : (
          <List name={search.name as JobName | undefined} />
        )}
      </div>
    </Page>
  );
}

function List({ name }: { name: JobName | undefined }) {
  const jobs = useInfiniteQuery({
    queryKey: ['failed-jobs', name],
    queryFn: ({ pageParam: cursor, signal }) =>
      bodyOf(api.GET('/api/admin/jobs/failed', { params: { query: { name, cursor } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    refetchInterval: REFRESH_INTERVAL_MS,
  });
  const client = useQueryClient();
  const retry = useMutation({
    mutationFn: async (id: string | null) => {
      if (id === null) {
        await bodyOf(api.POST('/api/admin/jobs/failed/retry', { params: { query: { name } } }));
      } else {
        await bodyOf(api.POST('/api/admin/jobs/failed/{id}/retry', { params: { path: { id } } }));
      }
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['failed-jobs'] }),
  });
  if (jobs.isPending) return <Loading />;
  if (jobs.isError) return <Failure error={jobs.error} onRetry={() => void jobs.refetch()} />;
  const rows = jobs.data.pages.flatMap((page) => page.jobs);
  if (rows.length === 0) {
    return (
      <Empty title="No job has failed">
        <p>A job whose cause may go away by itself is tried until it succeeds, and is not here.</p>
      </Empty>
    );
  }
  return (
    <>
      <div className="notice-bar">
        <button type="button" disabled={retry.isPending} onClick={() => retry.mutate(null)}>
          Run all of them again
        </button>
        {retry.isError && (
          <p role="alert" className="error">
            {messageOf(retry.error)}
          </p>
        )}
      </div>
      <DataTable
        label="Failed jobs"
        columns={columnsWith((id) => retry.mutate(id))}
        rows={rows}
        idOf={({ id }) => id}
      />
      {jobs.hasNextPage && (
        <div className="list-foot">
          <button type="button" onClick={() => void jobs.fetchNextPage()}>
            Older ones
          </button>
        </div>
      )}
    </>
  );
}

function columnsWith(onRetry: (id: string) => void): readonly Column<Job>[] {
  return [
    { id: 'name', title: 'Job', cell: (job) => job.name },
    {
      id: 'correlationId',
      title: 'Process',
      cell: ({ correlationId }) => <ProcessLink correlationId={correlationId} />,
    },
    { id: 'error', title: 'Error', cell: ({ error }) => error },
    {
      id: 'attempts',
      title: 'Attempts',
      className: 'number wide-only',
      cell: ({ attempts }) => attempts,
    },
    {
      id: 'failedAt',
      title: 'Failed',
      className: 'wide-only',
      cell: ({ failedAt }) => <Time at={failedAt} />,
    },
    {
      id: 'retry',
      title: 'Action',
      cell: ({ id, name, correlationId }) => (
        <button
          type="button"
          aria-label={`Run again: ${name} of ${correlationId}`}
          onClick={() => onRetry(id)}
        >
          Run again
        </button>
      ),
    },
  ];
}
