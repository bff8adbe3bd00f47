import { getRouteApi } from '@tanstack/react-router';
import { useMay } from '../../api/session.ts';
import { ClearFilters, Filters, SelectFilter, TextFilter } from '../../parts/filters.tsx';
import { Page } from '../../parts/page.tsx';
import { NoPermission } from '../../parts/states.tsx';
import { useFilters } from '../../parts/use-filters.ts';
import type { DeliveryFilter } from './callbacks.ts';
import { Deliveries } from './deliveries.tsx';
import { STATUSES } from './delivery-columns.tsx';
import { Subscriptions } from './subscriptions.tsx';

const route = getRouteApi('/callbacks');

/** Callbacks that are not delivered, and who has subscribed to them. */
export function Callbacks() {
  const mayAdmin = useMay('admin');
  const search = route.useSearch();
  const { set, clear } = useFilters<keyof typeof search>();
  if (mayAdmin === false) {
    return (
      <Page title="Callbacks">
        <div className="panel">
          <NoPermission scope="admin" />
        </div>
      </Page>
    );
  }
  return (
    <Page title="Callbacks">
      <Filters label="Filters of callbacks that are not delivered">
        <SelectFilter
          label="Status"
          value={search.status}
          options={Object.entries(STATUSES).map(([status, { label }]) => [status, label])}
          onChange={(status) => set({ status })}
        />
        <TextFilter
          label="Target"
          value={search.target}
          placeholder="callback:host:443"
          onChange={(target) => set({ target })}
        />
        <TextFilter
          label="Process"
          value={search.correlationId}
          placeholder="order-4711"
          onChange={(correlationId) => set({ correlationId })}
        />
        <ClearFilters isFiltered={Object.keys(search).length > 0} onClear={clear} />
      </Filters>
      <Deliveries filter={search as DeliveryFilter} />
      <Subscriptions />
    </Page>
  );
}
