import { useState } from 'react';
import type { ProcessEvent } from '../../api/client.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Json } from '../../parts/json.tsx';
import { readableDuration, Time } from '../../parts/time.tsx';

/** The events of a process, each with everything that is in it. */
export function EventsTable({ events }: { events: readonly ProcessEvent[] }) {
  const [shown, setShown] = useState<ProcessEvent | null>(null);
  const columns: readonly Column<ProcessEvent>[] = [
    { id: 'version', title: '#', className: 'number', cell: ({ version }) => version },
    {
      id: 'type',
      title: 'Event',
      cell: (event) => (
        <button type="button" className="link" onClick={() => setShown(event)}>
          {event.type}
        </button>
      ),
    },
    { id: 'step', title: 'Step', cell: ({ step }) => step?.name ?? '' },
    { id: 'what', title: 'What happened', className: 'wide-only', cell: summaryOf },
    {
      id: 'took',
      title: 'Took',
      className: 'number wide-only',
      cell: ({ audit: { executionTime } }) =>
        executionTime === undefined ? '' : readableDuration(executionTime),
    },
    { id: 'actor', title: 'By', className: 'wide-only', cell: ({ actor }) => actor ?? '' },
    { id: 'at', title: 'At', cell: ({ createdAt }) => <Time at={createdAt} exact /> },
  ];
  return (
    <>
      <DataTable label="Events" columns={columns} rows={events} idOf={({ id }) => id} />
      {shown && (
        <Dialog title={`${shown.version}: ${shown.type}`} onClose={() => setShown(null)}>
          <div className="body">
            <Json title="Event" value={shown} />
          </div>
        </Dialog>
      )}
    </>
  );
}

/** One line about an event: the outcome of a step, a reason, an error. */
export function summaryOf({ type, data, audit }: ProcessEvent): string {
  const { code, message, reason, messageName, retriesLeft } = data;
  if (type === 'step-failed') {
    return `${code}: ${message} (${Number(retriesLeft) > 0 ? `${retriesLeft} retries left` : 'no retries left'})`;
  }
  if (type === 'process-failed') return `${code}: ${message}`;
  if (type === 'message-delivered') return String(messageName);
  return String(reason ?? audit.result ?? '');
}
