import { Clock3, type LucideIcon, OctagonAlert } from 'lucide-react';
import type { Column } from '../../parts/data-table.tsx';
import { ProcessLink } from '../../parts/process-link.tsx';
import { Time } from '../../parts/time.tsx';
import type { Delivery } from './callbacks.ts';

/** How a delivery stands, in words. */
export const STATUSES: Record<
  Delivery['status'],
  { label: string; tone: string; icon: LucideIcon }
> = {
  pending: { label: 'Pending', tone: 'pending', icon: Clock3 },
  parked: { label: 'Parked', tone: 'technical', icon: OctagonAlert },
};

/** Of callbacks that are not delivered. */
export function deliveryColumns(
  onSend: (id: string) => void,
  isSending: boolean,
): readonly Column<Delivery>[] {
  return [
    { id: 'status', title: 'Status', cell: statusOf },
    { id: 'type', title: 'Event', cell: ({ type }) => type },
    {
      id: 'correlationId',
      title: 'Process',
      cell: ({ correlationId }) => <ProcessLink correlationId={correlationId} />,
    },
    {
      id: 'target',
      title: 'Target',
      className: 'wide-only',
      cell: ({ target, url }) => (
        <>
          <span className="id">{url}</span>
          <br />
          <span className="id muted">{target}</span>
        </>
      ),
    },
    {
      id: 'attempts',
      title: 'Attempts',
      className: 'number wide-only',
      cell: ({ attempts }) => attempts,
    },
    {
      id: 'nextAt',
      title: 'Next try',
      className: 'wide-only',
      cell: ({ status, nextAt }) => <Time at={status === 'pending' ? nextAt : null} />,
    },
    {
      id: 'lastError',
      title: 'Last error',
      cell: ({ lastError }) => lastError ?? <span className="none">–</span>,
    },
    {
      id: 'send',
      title: 'Action',
      cell: ({ id, status, type, correlationId }) =>
        status === 'parked' && (
          <button
            type="button"
            aria-label={`Send again: ${type} of ${correlationId}`}
            disabled={isSending}
            onClick={() => onSend(id)}
          >
            Send again
          </button>
        ),
    },
  ];
}

function statusOf({ status }: Delivery) {
  const { label, tone, icon: Icon } = STATUSES[status];
  return (
    <span className={`badge ${tone}`}>
      <Icon aria-hidden />
      {label}
    </span>
  );
}
