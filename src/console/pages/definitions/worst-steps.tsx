import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Meter } from '../../parts/meter.tsx';
import { Panel } from '../../parts/page.tsx';
import { Empty } from '../../parts/states.tsx';
import { readableCount, readableDuration, readableShare } from '../../parts/time.tsx';
import type { Activity, Stats } from './stats.ts';

const TOP = 5;

/** Where the time goes, and where the errors come from. */
export function WorstSteps({ stats }: { stats: Stats }) {
  const steps = [
    ...new Map(stats.activities.map((activity) => [activity.step, activity])).values(),
  ].filter(({ step, count }) => step !== null && (count ?? 0) > 0);
  const slowest = topBy(steps, ({ p95Ms }) => p95Ms ?? 0);
  const failing = topBy(steps, ({ errorRate }) => errorRate ?? 0);
  const longest = slowest[0]?.p95Ms ?? 0;
  return (
    <div className="columns">
      <Worst
        title="Slowest steps"
        empty="No step ran in this range"
        rows={slowest}
        columns={[
          stepColumn(({ step }) => step),
          {
            id: 'p50',
            title: 'p50',
            className: 'number',
            cell: ({ p50Ms }) => readableDuration(p50Ms),
          },
          {
            id: 'p95',
            title: 'p95',
            className: 'meter-cell',
            cell: ({ p95Ms }) => (
              <Meter tone="wait" share={longest === 0 ? 0 : (p95Ms ?? 0) / longest}>
                {readableDuration(p95Ms)}
              </Meter>
            ),
          },
        ]}
      />
      <Worst
        title="Most failing steps"
        empty="No step failed in this range"
        rows={failing}
        columns={[
          stepColumn(({ step }) => (
            <Link
              to="/processes"
              search={{ process: stats.key, step: step ?? undefined, status: 'error' }}
            >
              {step}
            </Link>
          )),
          {
            id: 'errors',
            title: 'Errors',
            className: 'number',
            cell: ({ errors }) => readableCount(errors ?? 0),
          },
          {
            id: 'rate',
            title: 'Error rate',
            className: 'meter-cell',
            cell: ({ errorRate }) => (
              <Meter tone="wrong" share={errorRate ?? 0}>
                {readableShare(errorRate ?? 0)}
              </Meter>
            ),
          },
        ]}
      />
    </div>
  );
}

const stepColumn = (cell: (activity: Activity) => ReactNode): Column<Activity> => ({
  id: 'step',
  title: 'Step',
  cell,
});

function topBy(steps: readonly Activity[], sizeOf: (step: Activity) => number): Activity[] {
  return steps
    .filter((step) => sizeOf(step) > 0)
    .sort((one, other) => sizeOf(other) - sizeOf(one))
    .slice(0, TOP);
}

function Worst({
  title,
  empty,
  rows,
  columns,
}: {
  title: string;
  empty: string;
  rows: readonly Activity[];
  columns: readonly Column<Activity>[];
}) {
  return (
    <Panel title={title}>
      {rows.length === 0 ? (
        <Empty title={empty} />
      ) : (
        <DataTable
          label={`${title}, as a table`}
          columns={columns}
          rows={rows}
          idOf={({ activityId }) => activityId}
        />
      )}
    </Panel>
  );
}
