import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Series } from '../../charts/chart.tsx';
import { Picture } from '../../charts/picture.tsx';
import { saveCsv } from '../../charts/save-csv.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Meter } from '../../parts/meter.tsx';
import { Panel } from '../../parts/page.tsx';
import { Empty } from '../../parts/states.tsx';
import {
  ROUND_DURATIONS,
  readableCount,
  readableDuration,
  readableShare,
} from '../../parts/time.tsx';
import { type StepsRow, stepsQuery, throughputQuery } from './answers.ts';
import { GROUP_MEASURES, GROUPINGS, type GroupingName, type GroupMeasureName } from './groups.ts';
import { timesOf, valuesAt } from './over-time.ts';
import { type PictureProps, Unanswered } from './pictures.tsx';
import type { Question } from './search.ts';

const COLORS = ['accent', 'refused', 'ok', 'wait', 'wrong', 'quiet'] as const;

/** The largest groups over time. */
export function GroupsOverTime({
  question,
  onRange,
  grouping,
  measure,
}: PictureProps & { grouping: GroupingName; measure: GroupMeasureName }) {
  const { title, groupBy, nameOf } = GROUPINGS[grouping];
  const { data: flow } = useQuery(throughputQuery(question));
  const options = { isOverTime: true, limit: COLORS.length };
  const groups = useQuery(stepsQuery(question, [...groupBy], options));
  const rows = groups.data?.steps;
  const buckets = flow?.throughput;
  const { times, series } = useMemo(() => {
    const counts = new Map<string, number>();
    for (const row of rows ?? []) {
      counts.set(nameOf(row), (counts.get(nameOf(row)) ?? 0) + row.count);
    }
    // The order of the table, so that both begin with the same.
    const names = [...counts.keys()].sort(
      (one, other) => (counts.get(other) ?? 0) - (counts.get(one) ?? 0),
    );
    const times = rows?.length === 0 ? [] : timesOf(buckets ?? [], rows ?? []);
    const series = names.map(
      (label, at): Series => ({
        label,
        color: COLORS[at] ?? 'quiet',
        values: valuesAt(
          times,
          (rows ?? []).filter((row) => nameOf(row) === label),
          GROUP_MEASURES[measure].of,
        ),
      }),
    );
    return { times, series };
  }, [rows, buckets, nameOf, measure]);
  const { readable } = GROUP_MEASURES[measure];
  const heading = `${GROUP_MEASURES[measure].title} by ${title.toLowerCase()}`;
  if (!rows) return <Unanswered title={heading} query={groups} />;
  return (
    <Picture
      title={heading}
      times={times}
      series={series}
      readable={readable}
      increments={readable === readableDuration ? ROUND_DURATIONS : undefined}
      timeZone={question.timeZone}
      onRange={onRange}
    />
  );
}

/** All groups of the range. */
export function GroupTable({ question, grouping }: { question: Question; grouping: GroupingName }) {
  const { title, groupBy, nameOf } = GROUPINGS[grouping];
  const groups = useQuery(stepsQuery(question, [...groupBy]));
  const rows = groups.data?.steps;
  const columns = useMemo(() => columnsOf(title, nameOf, rows ?? []), [title, nameOf, rows]);
  const heading = `Attempts by ${title.toLowerCase()}`;
  if (!rows) return <Unanswered title={heading} query={groups} />;
  return (
    <Panel
      title={heading}
      actions={
        <>
          {groups.data?.truncated && <span className="muted">The 100 largest</span>}
          <button
            type="button"
            onClick={() =>
              saveCsv(heading, [
                [title, ...SAVED],
                ...rows.map((row) => [nameOf(row), ...SAVED.map((name) => row[name])]),
              ])
            }
          >
            CSV
          </button>
        </>
      }
    >
      {rows.length === 0 ? (
        <Empty title="No step ran in this range" />
      ) : (
        <DataTable label={`${heading}, as a table`} columns={columns} rows={rows} idOf={nameOf} />
      )}
    </Panel>
  );
}

const SAVED = [
  'count',
  'errors',
  'errorRate',
  'minMs',
  'avgMs',
  'p50Ms',
  'p95Ms',
  'p99Ms',
  'maxMs',
] as const;

function columnsOf(
  title: string,
  nameOf: (row: StepsRow) => string,
  rows: readonly StepsRow[],
): Column<StepsRow>[] {
  const most = Math.max(1, ...rows.map(({ count }) => count));
  const duration = (
    name: 'p50Ms' | 'p95Ms' | 'p99Ms' | 'maxMs',
    heading: string,
    wide = false,
  ) => ({
    id: name,
    title: heading,
    className: wide ? 'number wide-only' : 'number',
    cell: (row: StepsRow) => readableDuration(row[name]),
    sortBy: (row: StepsRow) => row[name] ?? -1,
  });
  return [
    { id: 'name', title, cell: nameOf, sortBy: nameOf },
    {
      id: 'count',
      title: 'Attempts',
      className: 'meter-column',
      cell: ({ count }) => <Meter share={count / most}>{readableCount(count)}</Meter>,
      sortBy: ({ count }) => count,
    },
    {
      id: 'rate',
      title: 'Error rate',
      className: 'meter-column',
      cell: ({ errorRate }) => (
        <Meter tone="wrong" share={errorRate}>
          {readableShare(errorRate)}
        </Meter>
      ),
      sortBy: ({ errorRate }) => errorRate,
    },
    duration('p50Ms', 'p50'),
    duration('p95Ms', 'p95'),
    duration('p99Ms', 'p99', true),
    duration('maxMs', 'Longest', true),
  ];
}
