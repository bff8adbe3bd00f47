import { expect } from 'vitest';
import type { Durations } from '../../domain/rollups/analytics.ts';
import type { TestDatabase } from './databases.ts';
import { randomFrom } from './events.ts';

/** The columns of an event that analytics read. */
export interface AnalyticsEvent {
  correlation_id: string;
  version: number;
  event_type: string;
  step_name: string;
  status: 'ok' | 'error';
  error_message: string | null;
  target_system: string | null;
  process_name: string;
  execution_time: number | null;
  /** ISO 8601 in UTC. */
  created_at: string;
}

const STEPS = ['validate', 'check', 'call', 'prepare'];
const SYSTEMS = ['Alpha', 'Beta', null];
const MESSAGES = ['the partner answered 503', 'The partner answered 503', 'no credit', null];
const MINUTE = 60_000;
/** The prefix of the correlation ids of streams that are moved to the archive. */
const ARCHIVED = 'archived-';

/** Streams that begin at random times in the range, with failures, retries and cancels, some without an end. */
export function randomStreams(options: {
  seed: number;
  from: number;
  to: number;
  streams: number;
  name: string;
}): AnalyticsEvent[] {
  const random = randomFrom(options.seed);
  const pick = <Item>(items: readonly Item[]): Item =>
    items[Math.floor(random() * items.length)] as Item;
  const events: AnalyticsEvent[] = [];
  for (let nth = 0; nth < options.streams; nth++) {
    const correlation_id = `${nth % 3 === 0 ? ARCHIVED : 'live-'}${options.name}-${nth}`;
    const process_name = pick(['onboard-user', 'fulfil-order']);
    let at = Math.floor(options.from + random() * (options.to - options.from));
    let version = 0;
    const add = (event_type: string, more: Partial<AnalyticsEvent> = {}): void => {
      version++;
      events.push({
        correlation_id,
        version,
        event_type,
        step_name: event_type,
        status: 'ok',
        error_message: null,
        target_system: null,
        process_name,
        execution_time: null,
        created_at: new Date(at).toISOString(),
        ...more,
      });
      // Some events come minutes later, so that ends and starts are in different buckets.
      at += Math.floor(random() ** 4 * 90 * MINUTE);
    };
    const fail = (step_name: string): void =>
      add('step-failed', {
        step_name,
        status: 'error',
        error_message: pick(MESSAGES),
        target_system: pick(SYSTEMS),
        execution_time: random() < 0.2 ? null : Math.floor(Math.exp(random() * 9)),
      });
    add('process-requested');
    add('process-started');
    if (random() < 0.1) continue;
    for (const step_name of STEPS) {
      if (random() < 0.15) fail(step_name);
      add('step-completed', {
        step_name,
        target_system: pick(SYSTEMS),
        execution_time: Math.floor(Math.exp(random() * 11)),
      });
    }
    const end = random();
    if (end < 0.1) add('process-cancelled', { status: 'error', error_message: 'no longer wanted' });
    else if (end < 0.3) {
      add('process-failed', { status: 'error', error_message: pick(MESSAGES) });
      if (random() < 0.5) {
        add('process-retried');
        add('process-completed');
      }
    } else add('process-completed');
  }
  return events.sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
}

const ROWS_AT_ONCE = 100;

/** Writes the events in this order, and moves the archived streams. */
export async function insertEvents(
  { kind, knex, reads }: Pick<TestDatabase, 'kind' | 'knex' | 'reads'>,
  events: readonly AnalyticsEvent[],
): Promise<void> {
  for (let at = 0; at < events.length; at += ROWS_AT_ONCE) {
    const rows = events.slice(at, at + ROWS_AT_ONCE).map((event) => ({
      ...event,
      schema_version: 4,
      created_at: reads.time(event.created_at),
    }));
    await knex('event_log').insert(rows);
  }
  if (kind === 'mssql') {
    // As an append does, so that the feed contains them.
    await knex.raw(
      'INSERT INTO unpositioned_event (event_id) SELECT id FROM event_log WHERE id NOT IN (SELECT event_id FROM event_position)',
    );
  }
  const columns = ['id', 'schema_version', ...Object.keys(events[0] ?? {})].join(', ');
  const archived = `correlation_id LIKE '${ARCHIVED}%'`;
  await knex.raw(
    `INSERT INTO event_log_archive (${columns}, archived_at) SELECT ${columns}, created_at FROM event_log WHERE ${archived}`,
  );
  await knex.raw(`DELETE FROM event_log WHERE ${archived}`);
}

/** The expected answers, computed by plain loops over the events that share no code with the tested one. */

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

/** Groups events by a name, with the values of each group. */
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

/** Measures the time from the request of a process to an event. */
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

/** Names the bucket of a time by the local time of the zone: `2026-03-29 02 GMT+2`. */
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

/** Expects exact counts, sums, minima and maxima, and percentiles within the promised tolerance. */
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
