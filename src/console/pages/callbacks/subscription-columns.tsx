import type { Column } from '../../parts/data-table.tsx';
import { Time } from '../../parts/time.tsx';
import type { Subscription } from './callbacks.ts';

/** What can be done to a subscription. */
export interface SubscriptionActs {
  onRotate(subscription: Subscription): void;
  onRetire(subscription: Subscription): void;
  onRemove(subscription: Subscription): void;
}

/** Of subscriptions. */
export function subscriptionColumns(acts: SubscriptionActs): readonly Column<Subscription>[] {
  return [
    {
      id: 'url',
      title: 'URL',
      cell: ({ id, url }) => (
        <>
          <span className="id">{url}</span>
          <br className="wide-only" />
          <span className="id muted wide-only">{id}</span>
        </>
      ),
    },
    { id: 'events', title: 'Events', cell: ({ events }) => events.join(', ') },
    {
      id: 'processKey',
      title: 'Process',
      className: 'wide-only',
      cell: ({ processKey }) => processKey ?? <span className="muted">all</span>,
    },
    {
      id: 'created',
      title: 'Created',
      className: 'wide-only',
      cell: ({ createdAt, createdBy }) => (
        <>
          <Time at={createdAt} /> by {createdBy}
        </>
      ),
    },
    {
      id: 'acts',
      title: 'Actions',
      cell: (subscription) => <Acts subscription={subscription} acts={acts} />,
    },
  ];
}

function Acts({ subscription, acts }: { subscription: Subscription; acts: SubscriptionActs }) {
  const { url } = subscription;
  return (
    <span className="actions">
      <button
        type="button"
        aria-label={`Rotate secret… of ${url}`}
        onClick={() => acts.onRotate(subscription)}
      >
        Rotate secret…
      </button>
      <button
        type="button"
        aria-label={`Retire old secret… of ${url}`}
        onClick={() => acts.onRetire(subscription)}
      >
        Retire old secret…
      </button>
      <button
        type="button"
        aria-label={`Remove… ${url}`}
        onClick={() => acts.onRemove(subscription)}
      >
        Remove…
      </button>
    </span>
  );
}
