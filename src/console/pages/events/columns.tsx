import type { Column } from '../../parts/data-table.tsx';
import { ProcessLink } from '../../parts/process-link.tsx';
import { readableDuration, Time } from '../../parts/time.tsx';
import type { FeedEvent } from './live-feed.ts';

const TONES: Partial<Record<FeedEvent['type'], string>> = {
  'process-completed': 'ok',
  'process-failed': 'technical',
  'process-cancelled': 'cancelled',
  'process-retried': 'pending',
  'step-failed': 'technical',
};

/** Of events as they come; `onOpen` shows all of one. */
export const eventColumns = (onOpen: (event: FeedEvent) => void): Column<FeedEvent>[] => [
  {
    id: 'time',
    title: 'Time',
    cell: ({ createdAt }) => <Time at={createdAt} exact />,
  },
  {
    id: 'type',
    title: 'Event',
    cell: (event) => (
      <button
        type="button"
        className={`badge event-type ${TONES[event.type] ?? 'quiet'}`}
        title="Show all of it"
        onClick={() => onOpen(event)}
      >
        {event.type}
      </button>
    ),
  },
  {
    id: 'correlationId',
    title: 'Correlation id',
    cell: ({ correlationId }) => <ProcessLink correlationId={correlationId} />,
  },
  {
    id: 'process',
    title: 'Process',
    className: 'wide-only',
    cell: ({ processKey }) => processKey,
  },
  {
    id: 'step',
    title: 'Step',
    className: 'wide-only',
    cell: ({ step }) => step?.name ?? <span className="none">–</span>,
  },
  {
    id: 'target',
    title: 'Target system',
    className: 'wide-only',
    cell: ({ audit: { targetSystem, httpStatusCode } }) =>
      targetSystem ? (
        <>
          {targetSystem}
          {httpStatusCode !== undefined && <span className="muted"> {httpStatusCode}</span>}
        </>
      ) : (
        <span className="none">–</span>
      ),
  },
  {
    id: 'result',
    title: 'Result',
    className: 'result wide-only',
    cell: ({ data, audit }) => {
      const text = typeof data.message === 'string' ? data.message : audit.result;
      return <span title={text}>{text ?? '–'}</span>;
    },
  },
  {
    id: 'took',
    title: 'Took',
    className: 'number wide-only',
    cell: ({ audit: { executionTime } }) => readableDuration(executionTime ?? null),
  },
  {
    id: 'position',
    title: 'Position',
    className: 'number wide-only',
    cell: ({ position }) => <span className="muted">{position}</span>,
  },
];
