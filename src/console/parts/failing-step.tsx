import { Link } from '@tanstack/react-router';
import type { Column } from './data-table.tsx';

interface FailingStep {
  process?: string | null | undefined;
  step?: string | null | undefined;
}

/** Where errors come from; the step leads to the processes that failed in it. */
export const FAILING_STEP_COLUMNS: readonly Column<FailingStep>[] = [
  { id: 'process', title: 'Process', className: 'wide-only', cell: ({ process }) => process },
  {
    id: 'step',
    title: 'Step',
    cell: ({ process, step }) => (
      <Link
        to="/processes"
        search={{ status: 'error', process: process ?? undefined, step: step ?? undefined }}
      >
        {step}
      </Link>
    ),
  },
];
