import type { ReactNode } from 'react';

/** A figure with a bar behind it: its share of the largest in the column. */
export function Meter({
  share,
  tone = 'accent',
  children,
}: {
  /** From 0 to 1. */
  share: number;
  tone?: 'accent' | 'wrong' | 'wait';
  children: ReactNode;
}) {
  return (
    <span className={`meter tone-${tone}`}>
      <span className="meter-bar" style={{ width: `${Math.min(1, share) * 100}%` }} />
      <span className="meter-figure">{children}</span>
    </span>
  );
}
