import { Link } from '@tanstack/react-router';
import { CircleCheck, CirclePause, Clock3, type LucideIcon } from 'lucide-react';
import type { Column } from '../../parts/data-table.tsx';
import { readableCount, Time } from '../../parts/time.tsx';
import { ACTION_TITLES, type BulkRun } from './bulk.ts';
import { FilterText } from './filter-text.tsx';

const STATUSES: Record<BulkRun['status'], { label: string; tone: string; icon: LucideIcon }> = {
  collecting: { label: 'Looking up', tone: 'pending', icon: Clock3 },
  running: { label: 'Running', tone: 'pending', icon: Clock3 },
  stopped: { label: 'Stopped', tone: 'cancelled', icon: CirclePause },
  done: { label: 'Done', tone: 'ok', icon: CircleCheck },
};

/** The status of a run, in one word. */
export function BulkStatusBadge({ status }: Pick<BulkRun, 'status'>) {
  const { label, tone, icon: Icon } = STATUSES[status];
  return (
    <span className={`badge ${tone}`}>
      <Icon aria-hidden />
      {label}
    </span>
  );
}

/** Of the list of runs. */
export const RUN_COLUMNS: readonly Column<BulkRun>[] = [
  { id: 'status', title: 'Status', cell: ({ status }) => <BulkStatusBadge status={status} /> },
  {
    id: 'action',
    title: 'Action',
    cell: ({ id, action, dryRun, createdAt }) => (
      <>
        <Link to="/bulk/$id" params={{ id }} aria-label={`${ACTION_TITLES[action]}, ${createdAt}`}>
          {ACTION_TITLES[action]}
        </Link>
        {dryRun && <span className="badge quiet">dry run</span>}
      </>
    ),
  },
  {
    id: 'filter',
    title: 'Filter',
    className: 'wide-only',
    cell: ({ action, filter }) => <FilterText action={action} filter={filter} />,
  },
  { id: 'found', title: 'Found', className: 'number', cell: ({ found }) => readableCount(found) },
  { id: 'done', title: 'Done', className: 'number', cell: ({ done }) => readableCount(done) },
  {
    id: 'failed',
    title: 'Failed',
    className: 'number',
    cell: ({ failed }) => readableCount(failed),
  },
  { id: 'actor', title: 'Begun by', className: 'wide-only', cell: ({ actor }) => actor },
  {
    id: 'created',
    title: 'Begun',
    className: 'wide-only',
    cell: ({ createdAt }) => <Time at={createdAt} />,
  },
];
