/** What a figure counts. */
export type Unit = '/s' | 'ms' | 'µs' | 'bytes' | 'MB';

export interface Goal {
  /** What is held against the limit: ours in proportion to the baseline, or ours itself. */
  of: 'ratio' | 'ours';
  limit: 'at least' | 'at most';
  value: number;
}

/** One line of the table: the figures of every round. */
export interface Row {
  name: string;
  unit: Unit;
  /** What ours is compared with; null: with nothing. */
  baseline: { what: string; figures: readonly number[] } | null;
  ours: readonly number[];
  /** Null: shown for information. */
  goal: Goal | null;
}
