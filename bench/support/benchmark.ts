import type { Goal, Row, Unit } from './row.ts';
import { formatFigure } from './table.ts';

export interface Report {
  rows: Row[];
  /** Sentences below the table, for instance about a skipped benchmark. */
  notes?: string[];
}

/** The options and helpers that a benchmark gets from the command. */
export interface Run {
  rounds: number;
  /** The length of a measurement: the given seconds, less in a quick run. */
  seconds(full: number): number;
  /** Sizes of the generated databases, in events; by default the benchmark chooses. */
  events?: readonly number[] | undefined;
  /** Processes that pass through the service in `endurance`, or are in the database of `console`; by default the benchmark chooses. */
  processes?: number | undefined;
  /** Real minutes of a simulated day in `endurance-days`, and of a simulated hour in `endurance-flood`. */
  minutes?: number | undefined;
  /** The folder that keeps generated databases for the next run; without it they are removed after this one. */
  keep?: string | undefined;
  progress(line: string): void;
  /** Creates a folder on the disk of the checkout: /tmp may be in memory, where a sync costs nothing. */
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
 * Measures baseline and ours in turn, so that other load on the machine affects both.
 *
 * @param shown the figures to show in the progress lines
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

/** Builds the row for one figure of `inTurns`. */
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
