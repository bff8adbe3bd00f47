import type { Process } from '../../api/client.ts';
import type { Column } from '../../parts/data-table.tsx';
import { ProcessLink } from '../../parts/process-link.tsx';
import { StatusBadge } from '../../parts/status.tsx';
import { between, readableDuration, Time } from '../../parts/time.tsx';

/** Of a list of processes. */
export const PROCESS_COLUMNS: readonly Column<Process>[] = [
  { id: 'status', title: 'Status', cell: (process) => <StatusBadge process={process} /> },
  {
    id: 'correlationId',
    title: 'Correlation id',
    cell: ({ correlationId, archived }) => (
      <>
        <ProcessLink correlationId={correlationId} />
        {archived && <span className="badge quiet">archived</span>}
      </>
    ),
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
    cell: (process) => <Standing {...process} />,
  },
  {
    id: 'duration',
    title: 'Took',
    className: 'number wide-only',
    cell: ({ startAt, startedAt, completedAt }) =>
      startAt ? <span className="none">–</span> : readableDuration(between(startedAt, completedAt)),
  },
  {
    id: 'started',
    title: 'Started',
    className: 'wide-only',
    cell: ({ startedAt }) => <Time at={startedAt} />,
  },
  { id: 'changed', title: 'Changed', cell: ({ updatedAt }) => <Time at={updatedAt} /> },
];

/** The step where it stands; of one that has failed, with the error; of one that waits for its time, that. */
function Standing({ currentStep, error, startAt }: Process) {
  if (startAt) {
    return (
      <>
        starts at <Time at={startAt} />
      </>
    );
  }
  const step = error?.step ?? currentStep;
  return (
    <>
      {step ?? <span className="none">–</span>}
      {error && (
        <span className="error-code" title={error.message}>
          {error.code}
        </span>
      )}
    </>
  );
}
