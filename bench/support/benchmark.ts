import type { Goal, Row, Unit } from './row.ts';
import { formatFigure } from './table.ts';

export interface Report {
  rows: Row[];
  /** What a reader of the table should know, for instance what was skipped and why. */
  notes?: string[];
}

/** What a benchmark gets from the command that runs it. */
export interface Run {
  rounds: number;
  /** Length of a measurement: the given seconds, less in a quick run. */
  seconds(full: number): number;
  /** Events of the databases that grow with them; left out: as the benchmark says. */
  events?: readonly number[] | undefined;
  /** Where generated databases are kept for the next run; left out: they are removed after this one. */
  keep?: string | undefined;
  progress(line: string): void;
  /** A new folder on the disk of the checkout: /tmp may be memory, where a sync costs nothing. */
  folder(): string;
}

export type Benchmark = (run: Run) => Promise<Report>;

/** The figures of one measurement, by name. */
export type Figures<Name extends string> = Readonly<Record<Name, number>>;

export interface Rounds<Name extends string> {
  baseline: Figures<Name>[];
  ours: Figures<Name>[];
}

/**
 * Measures baseline and ours in turn, so that whatever else the machine does meets both.
 *
 * @param shown the figures that the progress lines show
 */
export async function inTurns<Name extends string>(
  run: Run,
  what: string,
  shown: readonly (readonly [name: Name, unit: Unit])[],
  sides: { baseline: () => Promise<Figures<Name>>; ours: () => Promise<Figures<Name>> },
): Promise<Rounds<Name>> {
  const rounds: Rounds<Name> = { baseline: [], ours: [] };
  const text = (figures: Figures<Name>): string =>
    shown.map(([name, unit]) => formatFigure(figures[name], unit)).join(', ');
  for (let round = 1; round <= run.rounds; round++) {
    const baseline = await sides.baseline();
    const ours = await sides.ours();
    rounds.baseline.push(baseline);
    rounds.ours.push(ours);
    run.progress(
      `${what}, round ${round} of ${run.rounds}: baseline ${text(baseline)}; ours ${text(ours)}`,
    );
  }
  return rounds;
}

/** The row for one of the figures measured in turns. */
export function rowOf<Name extends string>(
  rounds: Rounds<Name>,
  figure: Name,
  row: { name: string; unit: Unit; baseline: string; goal: Goal | null },
): Row {
  const pick = (figures: readonly Figures<Name>[]): number[] => figures.map((one) => one[figure]);
  return {
    ...row,
    baseline: { what: row.baseline, figures: pick(rounds.baseline) },
    ours: pick(rounds.ours),
  };
}
