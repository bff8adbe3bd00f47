import type { Series } from '../../charts/chart.tsx';

interface Timed {
  start?: string | undefined;
}

/** The beginnings of buckets, in seconds since the epoch: those of all buckets, and of those that have rows. */
export function timesOf(...rows: readonly (readonly Timed[])[]): number[] {
  const starts = rows
    .flat()
    .flatMap(({ start }) => (start === undefined ? [] : [secondsOf(start)]));
  return [...new Set(starts)].sort((one, other) => one - other);
}

/** One value for each time, from rows that only buckets with events have. */
export function valuesAt<Row extends Timed>(
  times: readonly number[],
  rows: readonly Row[],
  figureOf: (row: Row) => number | null,
): (number | null)[] {
  const values = new Map(
    rows.map((row) => [row.start === undefined ? 0 : secondsOf(row.start), figureOf(row)]),
  );
  return times.map((time) => values.get(time) ?? null);
}

interface Percentiles extends Timed {
  p50Ms: number | null;
  p95Ms: number | null;
  p99Ms: number | null;
}

/** Lines of the percentiles. */
export function percentileSeries(times: readonly number[], rows: readonly Percentiles[]): Series[] {
  return [
    { label: 'p50', color: 'ok', values: valuesAt(times, rows, ({ p50Ms }) => p50Ms) },
    { label: 'p95', color: 'accent', values: valuesAt(times, rows, ({ p95Ms }) => p95Ms) },
    { label: 'p99', color: 'refused', values: valuesAt(times, rows, ({ p99Ms }) => p99Ms) },
  ];
}

const secondsOf = (start: string): number => Date.parse(start) / 1_000;
