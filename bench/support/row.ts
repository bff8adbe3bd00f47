/** The unit of a figure; `count` has none. */
export type Unit = 'count' | '/s' | 'ms' | 'µs' | 'bytes' | 'MB';

export interface Goal {
  /** The value that is compared with the limit: ours divided by the baseline, or ours itself. */
  of: 'ratio' | 'ours';
  limit: 'at least' | 'at most';
  value: number;
}

/** One line of the table: the figures of every round. */
export interface Row {
  name: string;
  unit: Unit;
  /** The baseline of the comparison; null for a row without one. */
  baseline: { what: string; figures: readonly number[] } | null;
  ours: readonly number[];
  /** Null when the row is only for information. */
  goal: Goal | null;
}
