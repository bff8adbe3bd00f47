import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Meter } from '../../parts/meter.tsx';
import { Panel } from '../../parts/page.tsx';
import { ProcessLink } from '../../parts/process-link.tsx';
import { Failure, Loading } from '../../parts/states.tsx';
import { readableCount } from '../../parts/time.tsx';
import type { BulkRun } from './bulk.ts';

type Reason = BulkRun['reasons'][number];

const FAILURES: readonly Column<{ correlationId: string; reason: string }>[] = [
  {
    id: 'correlationId',
    title: 'Correlation id',
    cell: ({ correlationId }) => <ProcessLink correlationId={correlationId} />,
  },
  { id: 'reason', title: 'Reason', className: 'message', cell: ({ reason }) => reason },
];

/** Why processes could not be acted on, the most frequent first. */
export function Reasons({ reasons, failed }: { reasons: readonly Reason[]; failed: number }) {
  const columns: readonly Column<Reason>[] = [
    { id: 'reason', title: 'Reason', className: 'message', cell: ({ reason }) => reason },
    {
      id: 'processes',
      title: 'Processes',
      className: 'meter-cell',
      cell: ({ processes }) => (
        <Meter share={processes / failed} tone="wrong">
          {readableCount(processes)}
        </Meter>
      ),
    },
  ];
  return (
    <Panel title="Reasons of failures">
      <DataTable
        label="Reasons and their processes"
        columns={columns}
        rows={reasons}
        idOf={({ reason }) => reason}
      />
    </Panel>
  );
}

/** The processes that could not be acted on; it is read again whenever `failed` grows. */
export function Failures({ id, failed }: { id: string; failed: number }) {
  const client = useQueryClient();
  const queryKey = ['bulk-failures', id];
  const failures = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam: cursor, signal }) => {
      const params = { path: { id }, query: { cursor } };
      return bodyOf(api.GET('/api/admin/bulk/{id}/failures', { params, signal }));
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  });
  useEffect(() => {
    if (failed > 0) void client.invalidateQueries({ queryKey: ['bulk-failures', id] });
  }, [client, id, failed]);
  return (
    <Panel title="Failures">
      {failures.isPending ? (
        <Loading />
      ) : failures.isError ? (
        <Failure error={failures.error} onRetry={() => void failures.refetch()} />
      ) : (
        <DataTable
          label="Processes that failed"
          columns={FAILURES}
          rows={failures.data.pages.flatMap((page) => page.failures)}
          idOf={({ correlationId }) => correlationId}
        />
      )}
      {failures.hasNextPage && (
        <div className="list-foot">
          <button type="button" onClick={() => void failures.fetchNextPage()}>
            More
          </button>
        </div>
      )}
    </Panel>
  );
}
