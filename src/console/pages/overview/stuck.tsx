import { Link } from '@tanstack/react-router';
import type { Schemas } from '../../api/client.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Panel } from '../../parts/page.tsx';
import { Empty } from '../../parts/states.tsx';
import { readableDuration, Time } from '../../parts/time.tsx';

type Attention = Schemas['Attention'];
type SlowProcess = NonNullable<Attention['slow']>['processes'][number];
type RetriedStep = NonNullable<Attention['retrying']>['steps'][number];

const process: Column<SlowProcess & RetriedStep> = {
  id: 'process',
  title: 'Process',
  cell: ({ correlationId }) => (
    <Link to="/processes/$correlationId" params={{ correlationId }} className="id">
      {correlationId}
    </Link>
  ),
};

const SLOW: readonly Column<SlowProcess>[] = [
  process as Column<SlowProcess>,
  { id: 'step', title: 'Step', cell: ({ currentStep }) => currentStep ?? '–' },
  {
    id: 'age',
    title: 'Runs for',
    className: 'number',
    cell: ({ ageMs }) => readableDuration(ageMs),
  },
  {
    id: 'usual',
    title: 'Usual p99',
    className: 'number wide-only',
    cell: ({ p99Ms }) => readableDuration(p99Ms),
  },
];

const RETRYING: readonly Column<RetriedStep>[] = [
  process as Column<RetriedStep>,
  { id: 'step', title: 'Step', cell: ({ step }) => step },
  {
    id: 'error',
    title: 'Error',
    className: 'wide-only',
    cell: ({ code, message }) => (
      <>
        <code>{code}</code> {message}
      </>
    ),
  },
  { id: 'left', title: 'Left', className: 'number', cell: ({ retriesLeft }) => retriesLeft },
  { id: 'next', title: 'Next try', cell: ({ nextTryAt }) => <Time at={nextTryAt} /> },
];

/** Pending processes that take longer than usual. */
export function Slow({ slow }: { slow: Attention['slow'] }) {
  return (
    <Panel title="Slower than usual">
      {!slow || slow.processes.length === 0 ? (
        <Empty title={slow ? 'Nothing is slow' : 'Cannot be read now'} />
      ) : (
        <DataTable
          label="Slow processes"
          columns={SLOW}
          rows={slow.processes}
          idOf={({ correlationId }) => correlationId}
        />
      )}
    </Panel>
  );
}

/** Steps that failed and wait for their next attempt. */
export function Retrying({ retrying }: { retrying: Attention['retrying'] }) {
  return (
    <Panel title="Steps being retried">
      {!retrying || retrying.steps.length === 0 ? (
        <Empty title={retrying ? 'No step is being retried' : 'Cannot be read now'} />
      ) : (
        <DataTable
          label="Steps being retried"
          columns={RETRYING}
          rows={retrying.steps}
          idOf={({ correlationId, step, attempt }) => `${correlationId} ${step} ${attempt}`}
        />
      )}
    </Panel>
  );
}
