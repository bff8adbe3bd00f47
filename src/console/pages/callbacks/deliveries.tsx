import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client.ts';
import { messageOf } from '../../api/problem.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { Panel } from '../../parts/page.tsx';
import { Empty, Failure, Loading } from '../../parts/states.tsx';
import { type DeliveryFilter, REFRESH_INTERVAL_MS } from './callbacks.ts';
import { deliveryColumns } from './delivery-columns.tsx';

/** The callbacks that are not delivered and that the filter finds; parked ones can be sent again. */
export function Deliveries({ filter }: { filter: DeliveryFilter }) {
  return (
    <Panel title="Not delivered">
      <List filter={filter} />
    </Panel>
  );
}

function List({ filter }: { filter: DeliveryFilter }) {
  const deliveries = useInfiniteQuery({
    queryKey: ['deliveries', filter],
    queryFn: ({ pageParam: cursor, signal }) => {
      const query = { ...filter, cursor };
      return bodyOf(api.GET('/api/admin/deliveries', { params: { query }, signal }));
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    refetchInterval: REFRESH_INTERVAL_MS,
  });
  const client = useQueryClient();
  const replay = useMutation({
    mutationFn: (id: string | null) => {
      if (id !== null) {
        const params = { path: { id } };
        return bodyOf(api.POST('/api/admin/deliveries/{id}/replay', { params }));
      }
      const { status: _, ...body } = filter;
      return bodyOf(api.POST('/api/admin/deliveries/replay', { body }));
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['deliveries'] }),
  });
  if (deliveries.isPending) return <Loading />;
  if (deliveries.isError) {
    return <Failure error={deliveries.error} onRetry={() => void deliveries.refetch()} />;
  }
  const rows = deliveries.data.pages.flatMap((page) => page.deliveries);
  if (rows.length === 0) {
    return (
      <Empty title="Nothing waits for its delivery">
        <p>What is delivered is not kept. A callback that its receiver refuses stays here.</p>
      </Empty>
    );
  }
  const mayHaveParked = deliveries.hasNextPage || rows.some(({ status }) => status === 'parked');
  return (
    <>
      {filter.status !== 'pending' && mayHaveParked && (
        <div className="notice-bar">
          <button type="button" disabled={replay.isPending} onClick={() => replay.mutate(null)}>
            Send all parked again
          </button>
        </div>
      )}
      {replay.isError && (
        <p role="alert" className="notice-bar error">
          {messageOf(replay.error)}
        </p>
      )}
      <DataTable
        label="Callbacks that are not delivered"
        columns={deliveryColumns((id) => replay.mutate(id), replay.isPending)}
        rows={rows}
        idOf={({ id }) => id}
      />
      {deliveries.hasNextPage && (
        <div className="list-foot">
          <button
            type="button"
            disabled={deliveries.isFetchingNextPage}
            onClick={() => void deliveries.fetchNextPage()}
          >
            More
          </button>
        </div>
      )}
    </>
  );
}
