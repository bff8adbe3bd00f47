import { Ban, CircleCheck, CircleX, Clock3, type LucideIcon, ShieldX } from 'lucide-react';
import type { Process } from '../api/client.ts';

type Kind = 'pending' | 'ok' | 'business' | 'technical' | 'cancelled';

const KINDS: Record<Kind, { label: string; icon: LucideIcon }> = {
  pending: { label: 'Pending', icon: Clock3 },
  ok: { label: 'Completed', icon: CircleCheck },
  business: { label: 'Refused', icon: ShieldX },
  technical: { label: 'Failed', icon: CircleX },
  cancelled: { label: 'Cancelled', icon: Ban },
};

/** How a process stands, in one word. */
export function statusKind({ status, error }: Pick<Process, 'status' | 'error'>): Kind {
  if (status !== 'error') return status;
  return error?.kind ?? 'technical';
}

/** The status of a process: a colour is never alone, the icon and the word say the same. */
export function StatusBadge({ process }: { process: Pick<Process, 'status' | 'error'> }) {
  const kind = statusKind(process);
  const { label, icon: Icon } = KINDS[kind];
  return (
    <span className={`badge ${kind}`}>
      <Icon aria-hidden />
      {label}
    </span>
  );
}

/** The kinds in words, for filters and legends. */
export const statusLabel = (kind: Kind): string => KINDS[kind].label;
