/**
 * Counts of durations in bins whose width grows with the duration, so that a percentile read from them is within
 * one per cent of a real one however many values there are, and two of them merge by adding. Bins as in DDSketch
 * (Masson, Rim, Lee: DDSketch, VLDB 2019, https://arxiv.org/abs/1908.10693), section 2.
 */
export type Histogram = Map<number, number>;

/** Relative accuracy of a value. */
const ALPHA = 0.01;
const GAMMA = (1 + ALPHA) / (1 - ALPHA);
const LOG_GAMMA = Math.log(GAMMA);
/** Up to here a bin is a single whole number of milliseconds; the others have higher numbers than that. */
const EXACT_BELOW = 50;
const FIRST_LOG = Math.ceil(Math.log(EXACT_BELOW) / LOG_GAMMA);

/** Adds values of so many whole milliseconds; negative ones count as 0. */
export function addValue(histogram: Histogram, ms: number, count = 1): void {
  const bin = binOf(ms);
  histogram.set(bin, (histogram.get(bin) ?? 0) + count);
}

/** Adds what is in the other one. */
export function mergeInto(histogram: Histogram, other: Histogram): void {
  for (const [bin, count] of other) histogram.set(bin, (histogram.get(bin) ?? 0) + count);
}

/**
 * The values at these ranks (0.5 is the median) by nearest rank: the smallest value with at least that share of
 * the values at or below it. In milliseconds; null when there are no values.
 */
export function percentiles(histogram: Histogram, ranks: readonly number[]): (number | null)[] {
  return atRanks(histogram, ranks).map((bin) => bin && valueIn(bin));
}

/** The same of values that were counted one by one: the milliseconds themselves, and how often they came. */
export function exactPercentiles(
  counts: ReadonlyMap<number, number>,
  ranks: readonly number[],
): (number | null)[] {
  return atRanks(counts, ranks);
}

function atRanks(counts: ReadonlyMap<number, number>, ranks: readonly number[]): (number | null)[] {
  // Its sort needs no comparer: an answer has thousands of histograms.
  const rising = Float64Array.from(counts.keys()).sort();
  let total = 0;
  for (const count of counts.values()) total += count;
  return ranks.map((rank) => {
    const wanted = nearestRank(rank, total);
    let seen = 0;
    for (const value of rising) {
      seen += counts.get(value) ?? 0;
      if (seen >= wanted) return value;
    }
    return null;
  });
}

/** The number of the value at a rank, from 1. */
function nearestRank(rank: number, total: number): number {
  return Math.max(1, Math.ceil(rank * total));
}

/** As text for a column: `bin:count` in the order of the bins. */
export function encodeHistogram(histogram: Histogram): string {
  return [...histogram]
    .sort(([a], [b]) => a - b)
    .map(([bin, count]) => `${bin}:${count}`)
    .join(' ');
}

/** What `encodeHistogram` wrote, also several of them in one text, with spaces in between: they are added up. */
export function decodeHistogram(text: string | null): Histogram {
  const histogram: Histogram = new Map();
  if (text) {
    readBins(text, (bin, count) => histogram.set(bin, (histogram.get(bin) ?? 0) + count));
  }
  return histogram;
}

/** Adds up encoded histograms for their percentiles. */
export interface HistogramSum {
  /** Adds what `encodeHistogram` wrote, also several of them in one text. */
  merge(text: string): void;
  /** Adds values of so many whole milliseconds; negative ones count as 0. */
  add(ms: number, count: number): void;
  /** As `percentiles` gives them; then it is empty again. */
  takePercentiles(ranks: readonly number[]): (number | null)[];
}

/**
 * One for all sums of an answer, one after the other: an answer has thousands of histograms with hundreds of bins each.
 *
 * Tried: a `Histogram` for each. Its look-ups, the sort of its bins and the collection of it took two thirds of an answer
 * with 2,000 groups.
 */
export function createHistogramSum(): HistogramSum {
  let counts = new Float64Array(1_024);
  let total = 0;
  /** The first bin that is in use, and the one behind the last. */
  let [begin, end] = [Number.POSITIVE_INFINITY, 0];

  function addTo(bin: number, count: number): void {
    total += count;
    if (bin < begin) begin = bin;
    if (bin >= end) end = bin + 1;
    if (end > counts.length) {
      const longer = new Float64Array(2 * end);
      longer.set(counts);
      counts = longer;
    }
    counts[bin] = (counts[bin] as number) + count;
  }

  return {
    merge: (text) => readBins(text, addTo),
    add: (ms, count) => addTo(binOf(ms), count),
    takePercentiles(ranks) {
      const found = ranks.map((rank) => {
        const wanted = nearestRank(rank, total);
        let seen = 0;
        for (let bin = begin; bin < end; bin++) {
          seen += counts[bin] as number;
          if (seen >= wanted) return valueIn(bin);
        }
        return null;
      });
      counts.fill(0, begin, end);
      [begin, end, total] = [Number.POSITIVE_INFINITY, 0, 0];
      return found;
    },
  };
}

/** Reads what `encodeHistogram` wrote. Digit by digit: long ranges are read from a great many of these numbers. */
function readBins(text: string, take: (bin: number, count: number) => void): void {
  let bin = 0;
  let number = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === COLON) {
      bin = number;
      number = 0;
    } else if (code === SPACE) {
      take(bin, number);
      number = 0;
    } else {
      number = number * 10 + code - ZERO;
    }
  }
  if (text !== '') take(bin, number);
}

const [COLON, SPACE, ZERO] = [58, 32, 48];

function binOf(ms: number): number {
  if (ms < EXACT_BELOW) return Math.max(0, Math.floor(ms));
  return EXACT_BELOW + Math.ceil(Math.log(ms) / LOG_GAMMA) - FIRST_LOG;
}

/** The value in the middle of a bin, at most ALPHA away from all that are in it. */
function valueIn(bin: number): number {
  if (bin < EXACT_BELOW) return bin;
  return (2 * GAMMA ** (bin - EXACT_BELOW + FIRST_LOG)) / (GAMMA + 1);
}
