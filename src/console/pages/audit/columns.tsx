import { Link } from '@tanstack/react-router';
import {
  CircleCheck,
  CircleDot,
  CirclePause,
  CircleX,
  type LucideIcon,
  ShieldX,
} from 'lucide-react';
import type { paths } from '../../api/openapi';
import type { Column } from '../../parts/data-table.tsx';
import { Json } from '../../parts/json.tsx';
import { ProcessLink } from '../../parts/process-link.tsx';
import { Time } from '../../parts/time.tsx';

type Answer = paths['/api/admin/audit']['get']['responses'][200]['content']['application/json'];
export type AuditEntry = Answer['entries'][number];

/** The outcomes in words; of one act, `begun` and one of the others. */
export const OUTCOMES: Record<
  AuditEntry['outcome'],
  { label: string; tone: string; icon: LucideIcon }
> = {
  begun: { label: 'Begun', tone: 'pending', icon: CircleDot },
  done: { label: 'Done', tone: 'ok', icon: CircleCheck },
  refused: { label: 'Refused', tone: 'business', icon: ShieldX },
  stopped: { label: 'Stopped', tone: 'cancelled', icon: CirclePause },
  failed: { label: 'Failed', tone: 'technical', icon: CircleX },
};

/** Of the audit log. */
export const AUDIT_COLUMNS: readonly Column<AuditEntry>[] = [
  { id: 'created', title: 'Written', cell: ({ createdAt }) => <Time at={createdAt} /> },
  { id: 'action', title: 'Action', cell: ({ action }) => action },
  {
    id: 'outcome',
    title: 'Outcome',
    cell: ({ outcome }) => {
      const { label, tone, icon: Icon } = OUTCOMES[outcome];
      return (
        <span className={`badge ${tone}`}>
          <Icon aria-hidden />
          {label}
        </span>
      );
    },
  },
  { id: 'actor', title: 'Actor', cell: ({ actor }) => actor },
  { id: 'subject', title: 'Subject', className: 'wide-only', cell: subjectOf },
  {
    id: 'details',
    title: 'Details',
    cell: ({ seq, act, details, hash }) => (
      <details className="audit-details">
        <summary>Entry {seq}</summary>
        <Json title={`Details of entry ${seq}`} value={{ ...details, act, hash }} />
      </details>
    ),
  },
];

function subjectOf({ action, subject }: AuditEntry) {
  if (subject === null) return <span className="none">–</span>;
  switch (action) {
    case 'restore':
    case 'erase':
      return <ProcessLink correlationId={subject} />;
    case 'bulk':
      return (
        <Link to="/bulk/$id" params={{ id: subject }} className="id">
          {subject}
        </Link>
      );
    default:
      return <span className="id">{subject}</span>;
  }
}
