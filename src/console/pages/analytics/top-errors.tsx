import { useQuery } from '@tanstack/react-query';
import { saveCsv } from '../../charts/save-csv.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { FAILING_STEP_COLUMNS } from '../../parts/failing-step.tsx';
import { Meter } from '../../parts/meter.tsx';
import { Panel } from '../../parts/page.tsx';
import { Empty } from '../../parts/states.tsx';
import { readableCount } from '../../parts/time.tsx';
import { type StepsRow, stepsQuery } from './answers.ts';
import { Unanswered } from './pictures.tsx';
import type { Question } from './search.ts';

const TITLE = 'Top errors';
const TOP = 20;

/** The most frequent error messages of the range. */
export function TopErrors({ question }: { question: Question }) {
  const groupBy = ['process', 'step', 'errorMessage'] as const;
  const errors = useQuery(stepsQuery(question, [...groupBy], { status: 'error', limit: TOP }));
  if (!errors.data) return <Unanswered title={TITLE} query={errors} />;
  const rows = errors.data.steps;
  return (
    <Panel
      title={TITLE}
      actions={
        <>
          {errors.data.truncated && <span className="muted">The {TOP} most frequent</span>}
          <button
            type="button"
            onClick={() =>
              saveCsv(TITLE, [
                ['count', ...groupBy],
                ...rows.map((row) => [row.count, ...groupBy.map((name) => row[name])]),
              ])
            }
          >
            CSV
          </button>
        </>
      }
    >
      {rows.length === 0 ? (
        <Empty title="No step failed in this range" />
      ) : (
        <DataTable
          label={`${TITLE}, as a table`}
          columns={columnsOf(rows)}
          rows={rows}
          idOf={({ process, step, errorMessage }) => `${process} ${step} ${errorMessage}`}
        />
      )}
    </Panel>
  );
}

function columnsOf(rows: readonly StepsRow[]): Column<StepsRow>[] {
  const most = Math.max(1, ...rows.map(({ count }) => count));
  return [
    {
      id: 'count',
      title: 'Times',
      className: 'meter-column',
      cell: ({ count }) => (
        <Meter tone="wrong" share={count / most}>
          {readableCount(count)}
        </Meter>
      ),
      sortBy: ({ count }) => count,
    },
    {
      id: 'message',
      title: 'Error',
      className: 'message',
      cell: ({ errorMessage }) => errorMessage ?? <span className="none">without a message</span>,
    },
    ...FAILING_STEP_COLUMNS,
  ];
}
