import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { Panel } from '../../parts/page.tsx';
import { Empty, Failure, Loading } from '../../parts/states.tsx';
import { REFRESH_INTERVAL_MS, type Subscription } from './callbacks.ts';
import { SubscribeDialog } from './subscribe-dialog.tsx';
import { type SubscriptionActs, subscriptionColumns } from './subscription-columns.tsx';
import { RemoveDialog, SecretDialog } from './subscription-dialogs.tsx';

type Asked =
  | { act: 'subscribe' }
  | { act: 'rotate' | 'retire' | 'remove'; subscription: Subscription };

/** Who is called for all processes, and what an administrator does with that. */
export function Subscriptions() {
  const [asked, setAsked] = useState<Asked | null>(null);
  const acts = useMemo<SubscriptionActs>(
    () => ({
      onRotate: (subscription) => setAsked({ act: 'rotate', subscription }),
      onRetire: (subscription) => setAsked({ act: 'retire', subscription }),
      onRemove: (subscription) => setAsked({ act: 'remove', subscription }),
    }),
    [],
  );
  const close = () => setAsked(null);
  const subscribe = (
    <button type="button" onClick={() => setAsked({ act: 'subscribe' })}>
      Subscribe…
    </button>
  );
  return (
    <Panel title="Subscriptions" actions={subscribe}>
      <List acts={acts} />
      {asked?.act === 'subscribe' && <SubscribeDialog onClose={close} />}
      {(asked?.act === 'rotate' || asked?.act === 'retire') && (
        <SecretDialog how={asked.act} subscription={asked.subscription} onClose={close} />
      )}
      {asked?.act === 'remove' && (
        <RemoveDialog subscription={asked.subscription} onClose={close} />
      )}
    </Panel>
  );
}

function List({ acts }: { acts: SubscriptionActs }) {
  const subscriptions = useQuery({
    queryKey: ['subscriptions'],
    queryFn: ({ signal }) => bodyOf(api.GET('/api/admin/subscriptions', { signal })),
    refetchInterval: REFRESH_INTERVAL_MS,
  });
  const columns = useMemo(() => subscriptionColumns(acts), [acts]);
  if (subscriptions.isPending) return <Loading lines={3} />;
  if (subscriptions.isError) {
    return <Failure error={subscriptions.error} onRetry={() => void subscriptions.refetch()} />;
  }
  const rows = subscriptions.data.subscriptions;
  if (rows.length === 0) {
    return (
      <Empty title="Nobody has subscribed">
        <p>
          A subscription is called when something happens to any process. Only hosts in{' '}
          <code>CALLBACK_HOSTS</code> or <code>CALLBACK_PRIVATE_HOSTS</code> are called: while both
          are empty, callbacks are off.
        </p>
      </Empty>
    );
  }
  return <DataTable label="Subscribers" columns={columns} rows={rows} idOf={({ id }) => id} />;
}
