import type { Schemas } from '../../api/client.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { ProcessLink } from '../../parts/process-link.tsx';
import { Empty } from '../../parts/states.tsx';
import { readableCount, readableDuration, Time } from '../../parts/time.tsx';

type Attention = Schemas['Attention'];
type SlowProcess = NonNullable<Attention['slow']>['processes'][number];
type RetriedStep = NonNullable<Attention['retrying']>['steps'][number];
type UnreadableInstance = NonNullable<Attention['unreadable']>['instances'][number];

type WaitingTopic = NonNullable<Attention['elsewhere']>[number];

const process: Column<SlowProcess & RetriedStep> = {
  id: 'process',
  title: 'Process',
  cell: ({ correlationId }) => <ProcessLink correlationId={correlationId} />,
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

const UNREADABLE: readonly Column<UnreadableInstance>[] = [
  {
    id: 'process',
    title: 'Process',
    cell: ({ correlationId }) =>
      correlationId === null ? (
        <span className="none">started at the engine</span>
      ) : (
        <ProcessLink correlationId={correlationId} />
      ),
  },
  { id: 'key', title: 'Definition', cell: ({ processKey }) => processKey },
  {
    id: 'instance',
    title: 'Instance',
    className: 'wide-only',
    cell: ({ processInstanceId }) => <span className="id">{processInstanceId}</span>,
  },
];

const ELSEWHERE: readonly Column<WaitingTopic>[] = [
  { id: 'topic', title: 'Topic', cell: ({ topic }) => <code>{topic}</code> },
  {
    id: 'steps',
    title: 'Steps',
    className: 'wide-only',
    cell: ({ steps }) => steps.map(({ processKey, step }) => `${step} of ${processKey}`).join(', '),
  },
  {
    id: 'count',
    title: 'Tasks',
    className: 'number',
    cell: ({ count, isWhole }) => `${readableCount(count)}${isWhole ? '' : '+'}`,
  },
  { id: 'since', title: 'The oldest since', cell: ({ oldestAt }) => <Time at={oldestAt} /> },
];

/** Pending processes that take longer than usual. */
export function SlowProcesses({ slow }: { slow: Attention['slow'] }) {
  return (
    <List
      label="Slow processes"
      nothing="Nothing is slow"
      columns={SLOW}
      rows={slow?.processes}
      idOf={({ correlationId }) => correlationId}
    />
  );
}

/** Steps that failed and wait for their next attempt. */
export function RetriedSteps({ retrying }: { retrying: Attention['retrying'] }) {
  return (
    <List
      label="Steps being retried"
      nothing="No step is being retried"
      columns={RETRYING}
      rows={retrying?.steps}
      idOf={({ correlationId, step, attempt }) => `${correlationId} ${step} ${attempt}`}
    />
  );
}

/** Instances whose state the embedded engine cannot read, and what to do with them. */
export function UnreadableInstances({ unreadable }: { unreadable: Attention['unreadable'] }) {
  return (
    <>
      {unreadable?.advice && <p className="body">{unreadable.advice}.</p>}
      <List
        label="Instances that stand still"
        nothing="No instance stands still"
        columns={UNREADABLE}
        rows={unreadable?.instances}
        idOf={({ processInstanceId }) => processInstanceId}
      />
    </>
  );
}

/** Topics of steps that are done elsewhere, whose tasks no worker has. */
export function TasksWithoutWorker({ elsewhere }: { elsewhere: Attention['elsewhere'] }) {
  return (
    <List
      label="Tasks without a worker"
      nothing="No task waits for a worker elsewhere"
      columns={ELSEWHERE}
      rows={elsewhere ?? undefined}
      idOf={({ topic }) => topic}
    />
  );
}

function List<Row extends object>({
  nothing,
  rows,
  ...table
}: {
  label: string;
  nothing: string;
  columns: readonly Column<Row>[];
  /** Left out: they could not be read. */
  rows: readonly Row[] | undefined;
  idOf: (row: Row) => string;
}) {
  if (!rows) return <Empty title="Cannot be read now" />;
  if (rows.length === 0) return <Empty title={nothing} />;
  return <DataTable {...table} rows={rows} />;
}
