import { expect } from 'vitest';
import type { Durations } from '../../domain/rollups/analytics.ts';
import type { AnalyticsEvent } from './analytics-events.ts';

/** Answers by plain loops over the events, which share nothing with the code they are held against. */

export interface Expected {
  count: number;
  errors: number;
  values: number[];
}

export const isStep = ({ event_type }: AnalyticsEvent): boolean =>
  event_type === 'step-completed' || event_type === 'step-failed';
export const isEnd = ({ event_type }: AnalyticsEvent): boolean =>
  ['process-completed', 'process-failed', 'process-cancelled'].includes(event_type);

export function within(events: readonly AnalyticsEvent[], from: string, to: string) {
  return events.filter(
    ({ created_at }) =>
      Date.parse(created_at) >= Date.parse(from) && Date.parse(created_at) < Date.parse(to),
  );
}

/** Groups them by a name, with the values that each has. */
export function tally(
  events: readonly AnalyticsEvent[],
  nameOf: (event: AnalyticsEvent) => string,
  measure: (event: AnalyticsEvent) => number | null,
): Map<string, Expected> {
  const found = new Map<string, Expected>();
  for (const event of events) {
    const name = nameOf(event);
    const group = found.get(name) ?? { count: 0, errors: 0, values: [] };
    found.set(name, group);
    group.count++;
    if (event.status === 'error') group.errors++;
    const value = measure(event);
    if (value !== null) group.values.push(value);
  }
  return found;
}

/** From the request of its process to the event. */
export function durationIn(events: readonly AnalyticsEvent[]) {
  const requests = new Map(
    events
      .filter(({ version }) => version === 1)
      .map(({ correlation_id, created_at }) => [correlation_id, Date.parse(created_at)]),
  );
  return ({ correlation_id, created_at }: AnalyticsEvent): number =>
    Date.parse(created_at) - (requests.get(correlation_id) ?? Number.NaN);
}

/** The smallest value that at least this share of them does not exceed. */
export function nearestRank(values: readonly number[], share: number): number {
  const rising = [...values].sort((a, b) => a - b);
  return rising[Math.max(1, Math.ceil(share * rising.length)) - 1] as number;
}

/** The bucket a time is in, named by the clock on a wall there: `2026-03-29 02 GMT+2`. */
export function wallClock(timeZone: string, bucket: 'day' | 'hour') {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    ...(bucket === 'hour'
      ? { hour: '2-digit' as const, hourCycle: 'h23' as const, timeZoneName: 'longOffset' as const }
      : {}),
  });
  return (time: string): string => format.format(new Date(time));
}

/** Counts, sums, minima and maxima are the same; a percentile is as near as it is promised. */
export function expectTally(
  found: Durations & { count: number; errors?: number },
  expected: Expected | undefined,
  tolerance: number,
): void {
  expect(expected).toBeDefined();
  const { count, errors, values } = expected as Expected;
  const { minMs, avgMs, maxMs } = found;
  expect({ count: found.count, timed: found.timed }).toEqual({ count, timed: values.length });
  if (found.errors !== undefined) expect(found.errors).toBe(errors);
  if (values.length === 0) {
    expect({ minMs, avgMs, maxMs, p99Ms: found.p99Ms }).toEqual({
      minMs: null,
      avgMs: null,
      maxMs: null,
      p99Ms: null,
    });
    return;
  }
  expect({ minMs, maxMs }).toEqual({ minMs: Math.min(...values), maxMs: Math.max(...values) });
  expect(avgMs).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 6);
  for (const [name, share] of [
    ['p50Ms', 0.5],
    ['p95Ms', 0.95],
    ['p99Ms', 0.99],
  ] as const) {
    const exact = nearestRank(values, share);
    expect(found[name]).toBeLessThanOrEqual(maxMs as number);
    expect(Math.abs((found[name] as number) - exact), name).toBeLessThanOrEqual(exact * tolerance);
  }
}
