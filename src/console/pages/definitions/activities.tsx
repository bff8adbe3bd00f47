import { saveCsv } from '../../charts/save-csv.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Panel } from '../../parts/page.tsx';
import { Empty } from '../../parts/states.tsx';
import { readableCount, readableDuration, readableShare } from '../../parts/time.tsx';
import type { Activity, Stats } from './stats.ts';

interface Row {
  activity: Activity;
  before: Activity | undefined;
}

type Figure = 'count' | 'errorRate' | 'p50Ms' | 'p95Ms';

/** Worse when it grows by more than this share. */
const NOTEWORTHY = 0.1;

/** A figure, and how it differs from the range before. */
function figure(
  name: Figure,
  title: string,
  readable: (value: number) => string,
  { className = 'number', moreIsWorse = true } = {},
): Column<Row> {
  return {
    id: name,
    title,
    className,
    sortBy: ({ activity }) => activity[name] ?? -1,
    cell({ activity, before }) {
      const value = activity[name];
      if (value === null || (activity.count === 0 && name !== 'count')) {
        return <span className="none">–</span>;
      }
      return (
        <>
          {readable(value)}
          <Change now={value} before={beforeOf(before, name)} moreIsWorse={moreIsWorse} />
        </>
      );
    },
  };
}

function beforeOf(before: Activity | undefined, name: Figure): number | null {
  if (!before || before.count === 0) return null;
  return before[name];
}

const CHANGE = new Intl.NumberFormat(undefined, {
  style: 'percent',
  signDisplay: 'exceptZero',
  maximumFractionDigits: 0,
});

function Change({
  now,
  before,
  moreIsWorse,
}: {
  now: number;
  before: number | null;
  moreIsWorse: boolean;
}) {
  if (before === null || before === 0) return <span className="change" />;
  const change = now / before - 1;
  const isWorse = moreIsWorse && change > NOTEWORTHY;
  return (
    <span className={isWorse ? 'change is-worse' : 'change'} title="Against the range before">
      {CHANGE.format(change)}
    </span>
  );
}

const FIGURES: readonly Column<Row>[] = [
  figure('count', 'Attempts', readableCount, { moreIsWorse: false }),
  figure('errorRate', 'Error rate', readableShare),
  figure('p50Ms', 'p50', readableDuration, { className: 'number wide-only' }),
  figure('p95Ms', 'p95', readableDuration),
  {
    id: 'open',
    title: 'Open now',
    className: 'number',
    sortBy: ({ activity }) => activity.open,
    cell: ({ activity: { open, incidents } }) => (
      <>
        {readableCount(open)}
        {incidents > 0 && (
          <span className="change is-worse" title="They cannot continue by themselves">
            {readableCount(incidents)} stuck
          </span>
        )}
      </>
    ),
  },
];

/** The table behind the heat map; an activity chosen here has an outline there. */
export function Activities({
  stats,
  before,
  onChoose,
}: {
  stats: Stats;
  before: Stats;
  onChoose: (activityId: string) => void;
}) {
  const earlier = new Map(before.activities.map((activity) => [activity.activityId, activity]));
  const rows = stats.activities
    .filter(({ step, open }) => step !== null || open > 0)
    .map((activity) => ({ activity, before: earlier.get(activity.activityId) }));
  const columns: Column<Row>[] = [
    {
      id: 'activity',
      title: 'Activity',
      sortBy: ({ activity }) => activity.name ?? activity.activityId,
      cell: ({ activity: { activityId, name } }) => (
        <button
          type="button"
          className="link"
          title="Show it in the diagram"
          onClick={() => onChoose(activityId)}
        >
          {name ?? activityId}
        </button>
      ),
    },
    {
      id: 'step',
      title: 'Step',
      className: 'wide-only',
      cell: ({ activity: { step } }) => step ?? <span className="none">–</span>,
    },
    ...FIGURES,
  ];
  return (
    <Panel
      title="Activities"
      actions={
        <>
          <span className="muted">± against the range before</span>
          <button type="button" onClick={() => save(stats, earlier)}>
            CSV
          </button>
        </>
      }
    >
      {rows.length === 0 ? (
        <Empty title="This version has no steps" />
      ) : (
        <DataTable
          label="Activities, as a table"
          columns={columns}
          rows={rows}
          idOf={({ activity }) => activity.activityId}
        />
      )}
    </Panel>
  );
}

const SAVED = ['count', 'errors', 'errorRate', 'p50Ms', 'p95Ms', 'open', 'incidents'] as const;
const SAVED_BEFORE = ['count', 'errors', 'errorRate', 'p50Ms', 'p95Ms'] as const;

function save({ key, version, activities }: Stats, earlier: Map<string, Activity>): void {
  const head = ['activityId', 'name', 'type', 'step', ...SAVED];
  saveCsv(`activities of ${key} v${version}`, [
    [...head, ...SAVED_BEFORE.map((name) => `before ${name}`)],
    ...activities.map((activity) => [
      activity.activityId,
      activity.name,
      activity.type,
      activity.step,
      ...SAVED.map((name) => activity[name]),
      ...SAVED_BEFORE.map((name) => earlier.get(activity.activityId)?.[name]),
    ]),
  ]);
}
