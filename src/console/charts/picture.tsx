import { lazy, type ReactNode, Suspense, useMemo, useState } from 'react';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { Panel } from '../parts/page.tsx';
import { Empty, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import type { ChartProps } from './chart.tsx';
import { saveCsv } from './save-csv.ts';

const Chart = lazy(() => import('./chart.tsx'));

interface Row {
  time: number;
  values: readonly (number | null)[];
}

/** A chart, and behind it the table of its figures and their CSV. */
export function Picture({
  title,
  actions,
  ...chart
}: Omit<ChartProps, 'label'> & { title: string; actions?: ReactNode }) {
  const [isTable, setTable] = useState(false);
  const { times, series, readable, timeZone } = chart;
  const rows = useMemo<Row[]>(
    () =>
      times.map((time, at) => ({ time, values: series.map(({ values }) => values[at] ?? null) })),
    [times, series],
  );
  const columns = useMemo<Column<Row>[]>(
    () => [
      {
        id: 'time',
        title: 'From',
        cell: ({ time }) => <Time at={new Date(time * 1_000).toISOString()} timeZone={timeZone} />,
        sortBy: ({ time }) => time,
      },
      ...series.map(({ label }, at) => ({
        id: label,
        title: label,
        className: 'number',
        cell: ({ values }: Row) => (values[at] == null ? '–' : readable(values[at])),
        sortBy: ({ values }: Row) => values[at] ?? -1,
      })),
    ],
    [series, readable, timeZone],
  );

  function save(): void {
    const head = ['from', ...series.map(({ label }) => label)];
    const lines = rows.map(({ time, values }) => [new Date(time * 1_000).toISOString(), ...values]);
    saveCsv(title, [head, ...lines]);
  }

  return (
    <Panel
      title={title}
      actions={
        <>
          {actions}
          <button type="button" aria-pressed={isTable} onClick={() => setTable(!isTable)}>
            {isTable ? 'Picture' : 'Table'}
          </button>
          <button type="button" onClick={save}>
            CSV
          </button>
        </>
      }
    >
      {rows.length === 0 ? (
        <Empty title="Nothing in this range" />
      ) : isTable ? (
        <DataTable
          label={`${title}, as a table`}
          columns={columns}
          rows={rows}
          idOf={({ time }) => String(time)}
        />
      ) : (
        <Suspense fallback={<Loading />}>
          <Chart label={title} {...chart} />
        </Suspense>
      )}
    </Panel>
  );
}
