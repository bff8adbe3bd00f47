import { AnswerTooLargeError } from '../../domain/common/index.ts';
import { createHistogramSum, exactPercentiles, type Tally } from '../../domain/rollups/index.ts';
import type { Turns } from './event-loop-turns.ts';

/** The columns of every query besides those of its groups. */
interface CountRow {
  events: number | string;
  errors: number | string;
}

/** A group of a rollup, with the histograms of its rows one after the other. */
export interface RollupRow extends CountRow {
  /** Left out when no durations are wanted. */
  timed?: number | string;
  total_ms: number | string;
  least_ms: number | string | null;
  most_ms: number | string | null;
  histogram: string | null;
}

/** Events of a group with the same duration. */
export interface EventRow extends CountRow {
  ms: number | string | null;
}

interface Sum {
  slice: number;
  keys: string[];
  events: number;
  errors: number;
  timed: number;
  totalMs: number;
  leastMs: number;
  mostMs: number;
  /** Encoded. */
  histograms: string[];
  /** Events by their milliseconds. */
  values: Map<number, number>;
}

const RANKS = [0.5, 0.95, 0.99];
/** Groups in slices; each has a histogram of some kilobytes. */
export const MAX_TALLIES = 50_000;

/** Adds up rows of rollups and events; `exact`: of events only. */
export function createTallies(exact: boolean) {
  const sums = new Map<string, Sum>();
  const bins = createHistogramSum();

  function sumOf(slice: number, keys: string[], { events, errors }: CountRow): Sum {
    const name = JSON.stringify([slice, ...keys]);
    let sum = sums.get(name);
    if (!sum) {
      if (sums.size >= MAX_TALLIES) throw new AnswerTooLargeError(MAX_TALLIES);
      const none = { events: 0, errors: 0, timed: 0, totalMs: 0 };
      const unknown = { leastMs: Number.POSITIVE_INFINITY, mostMs: Number.NEGATIVE_INFINITY };
      sum = { slice, keys, ...none, ...unknown, histograms: [], values: new Map() };
      sums.set(name, sum);
    }
    sum.events += Number(events);
    sum.errors += Number(errors);
    return sum;
  }

  function addTimed(sum: Sum, timed: number, totalMs: number, leastMs: number, mostMs: number) {
    sum.timed += timed;
    sum.totalMs += totalMs;
    sum.leastMs = Math.min(sum.leastMs, leastMs);
    sum.mostMs = Math.max(sum.mostMs, mostMs);
  }

  return {
    addRollup(slice: number, keys: string[], row: RollupRow): void {
      const sum = sumOf(slice, keys, row);
      const timed = Number(row.timed ?? 0);
      if (timed === 0) return;
      addTimed(sum, timed, Number(row.total_ms), Number(row.least_ms), Number(row.most_ms));
      if (row.histogram) sum.histograms.push(row.histogram);
    },
    addEvents(slice: number, keys: string[], row: EventRow): void {
      const sum = sumOf(slice, keys, row);
      if (row.ms === null) return;
      // A clock that went back gives a negative duration: 0, as in the rollups.
      const [ms, count] = [Math.max(0, Number(row.ms)), Number(row.events)];
      addTimed(sum, count, ms * count, ms, ms);
      sum.values.set(ms, (sum.values.get(ms) ?? 0) + count);
    },
    /** The tallies with at least one event, by slice and names. */
    async all<Group extends string>(
      groups: readonly Group[],
      { giveWay }: Turns,
    ): Promise<Tally<Group>[]> {
      // The order does not depend on that of the database.
      const found = [...sums]
        .sort(([a, one], [b, other]) => one.slice - other.slice || (a < b ? -1 : 1))
        .map(([, sum]) => sum);
      const tallies: Tally<Group>[] = [];
      for (const sum of found) {
        await giveWay();
        tallies.push(tallyOf(sum, groups));
      }
      return tallies;
    },
  };

  function ranked({ histograms, values }: Sum): (number | null)[] {
    if (exact) return exactPercentiles(values, RANKS);
    for (const text of histograms) bins.merge(text);
    for (const [ms, count] of values) bins.add(ms, count);
    return bins.takePercentiles(RANKS);
  }

  function tallyOf<Group extends string>(sum: Sum, groups: readonly Group[]): Tally<Group> {
    const { slice, keys, events, errors, timed, totalMs, leastMs, mostMs } = sum;
    const [p50Ms = null, p95Ms = null, p99Ms = null] = ranked(sum).map((ms) =>
      // The middle of a bin may be outside of the values in it.
      ms === null ? null : Math.min(Math.max(ms, leastMs), mostMs),
    );
    return {
      slice,
      group: Object.fromEntries(groups.map((group, at) => [group, keys[at]])) as Record<
        Group,
        string
      >,
      count: events,
      errors,
      timed,
      minMs: timed > 0 ? leastMs : null,
      avgMs: timed > 0 ? totalMs / timed : null,
      maxMs: timed > 0 ? mostMs : null,
      p50Ms,
      p95Ms,
      p99Ms,
    };
  }
}
