import { describe, expect, it } from 'vitest';
import {
  addValue,
  createHistogramSum,
  decodeHistogram,
  encodeHistogram,
  type Histogram,
  mergeInto,
  percentiles,
} from '../../../domain/rollups/histogram.ts';
import { randomFrom } from '../../support/events.ts';

const RANKS = [0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1];
const COUNT = 20_000;
const random = randomFrom(7);
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const many = (one: () => number): number[] =>
  Array.from({ length: COUNT }, () => Math.max(0, Math.round(one())));

const DISTRIBUTIONS: Record<string, number[]> = {
  lognormal: many(() => Math.exp(5 + 1.5 * normal())),
  'lognormal, days long': many(() => Math.exp(16 + 2 * normal())),
  uniform: many(() => 10_000 * random()),
  'uniform up to 100 ms': many(() => 100 * random()),
  bimodal: many(() => (random() < 0.8 ? 20 + 3 * normal() : 30_000 + 2_000 * normal())),
  constant: many(() => 1_234),
  zero: many(() => 0),
  tiny: [7, 3],
  single: [51],
  'every whole number': Array.from({ length: 5_000 }, (_, at) => at),
};

function of(values: readonly number[]): Histogram {
  const histogram: Histogram = new Map();
  for (const value of values) addValue(histogram, value);
  return histogram;
}

describe.each(Object.entries(DISTRIBUTIONS))('a histogram of values that are %s', (_, values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const histogram = of(values);

  it('gives percentiles within 1 % of exact, and within 2 % in whole milliseconds', () => {
    for (const [at, found] of percentiles(histogram, RANKS).entries()) {
      const rank = RANKS[at] ?? 0;
      const exact = sorted[Math.max(1, Math.ceil(rank * sorted.length)) - 1] ?? 0;
      const text = `p${rank}: ${found} for ${exact}`;
      expect(Math.abs((found ?? 0) - exact), text).toBeLessThanOrEqual(0.01 * exact + 1e-9);
      expect(Math.abs(Math.round(found ?? 0) - exact), text).toBeLessThanOrEqual(0.02 * exact);
    }
  });

  it('has the percentiles of its encoded parts added up, and nothing is left of them', () => {
    const part = (of4: number) => values.filter((_, at) => at % 4 === of4);
    const texts = [0, 1, 2].map((of4) => encodeHistogram(of(part(of4)))).filter(Boolean);
    const sum = createHistogramSum();
    for (const again of ['first', 'second']) {
      for (const text of [texts.slice(0, 1).join(' '), texts.slice(1).join(' ')]) sum.merge(text);
      for (const value of part(3)) sum.add(value, 1);
      expect(sum.takePercentiles(RANKS), again).toEqual(percentiles(histogram, RANKS));
    }
    expect(sum.takePercentiles(RANKS)).toEqual(RANKS.map(() => null));
  });

  it('is the same as its parts merged in any order', () => {
    const parts = [0, 1, 2].map((part) => of(values.filter((_, at) => at % 3 === part)));
    for (const order of [parts, [...parts].reverse()]) {
      const merged: Histogram = new Map();
      for (const part of order) mergeInto(merged, part);
      expect(encodeHistogram(merged)).toBe(encodeHistogram(histogram));
    }
  });

  it('comes back from a column unchanged', () => {
    const text = encodeHistogram(histogram);
    expect(text).toMatch(/^\d+:\d+( \d+:\d+)*$/);
    expect(new Map([...decodeHistogram(text)].sort())).toEqual(new Map([...histogram].sort()));
  });
});

describe('a histogram', () => {
  it('without values has no percentiles and is an empty text', () => {
    expect(percentiles(new Map(), [0.5, 0.99])).toEqual([null, null]);
    expect(encodeHistogram(new Map())).toBe('');
    expect(decodeHistogram('')).toEqual(new Map());
    expect(decodeHistogram(null)).toEqual(new Map());
  });

  it('counts a negative value as 0', () => {
    expect(percentiles(of([-5]), [0.5])).toEqual([0]);
  });

  it('stays small, for milliseconds to days are some hundreds of bins', () => {
    const histogram = of(Array.from({ length: 200_000 }, () => Math.exp(21 * random())));
    expect(histogram.size).toBeLessThan(1_000);
    expect(encodeHistogram(histogram).length).toBeLessThan(10_000);
  });
});
