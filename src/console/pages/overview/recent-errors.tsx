import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, bodyOf } from '../../api/client.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { FAILING_STEP_COLUMNS } from '../../parts/failing-step.tsx';
import { Panel } from '../../parts/page.tsx';
import { Empty, Failure, Loading } from '../../parts/states.tsx';
import { readableCount } from '../../parts/time.tsx';

interface ErrorGroup {
  process?: string | null | undefined;
  step?: string | null | undefined;
  errorMessage?: string | null | undefined;
  count: number;
}

const COLUMNS: readonly Column<ErrorGroup>[] = [
  {
    id: 'count',
    title: 'Times',
    className: 'number',
    cell: ({ count, process, step }) => (
      <Link
        to="/events"
        search={{
          type: 'step-failed',
          process: process ?? undefined,
          step: step ?? undefined,
          last: '24h',
        }}
        aria-label={`${readableCount(count)} events of ${step}`}
      >
        {readableCount(count)}
      </Link>
    ),
    sortBy: ({ count }) => count,
  },
  {
    id: 'message',
    title: 'Error',
    className: 'message',
    cell: ({ errorMessage }) => errorMessage ?? '–',
  },
  ...FAILING_STEP_COLUMNS,
];

/** The most frequent errors of the last 24 hours. */
export function RecentErrors() {
  const errors = useQuery({
    queryKey: ['recent-errors'],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET('/api/analytics/steps', {
          params: {
            query: { groupBy: ['process', 'step', 'errorMessage'], status: ['error'], limit: 10 },
          },
          signal,
        }),
      ),
    refetchInterval: 30_000,
  });
  return (
    <Panel title="Errors of the last 24 hours">
      {errors.isPending ? (
        <Loading />
      ) : errors.isError ? (
        <Failure error={errors.error} onRetry={() => void errors.refetch()} />
      ) : errors.data.steps.length === 0 ? (
        <Empty title="No step has failed" />
      ) : (
        <DataTable
          label="Errors"
          columns={COLUMNS}
          rows={errors.data.steps}
          idOf={({ process, step, errorMessage }) => `${process} ${step} ${errorMessage}`}
        />
      )}
    </Panel>
  );
}
