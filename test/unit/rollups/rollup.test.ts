import { describe, expect, it } from 'vitest';
import {
  createBucketOf,
  deltasOf,
  type RollupEvent,
  shortMessage,
} from '../../../domain/rollups/rollup.ts';
import { limitMessages, OTHER_KEY } from '../../../domain/rollups/rollup-messages.ts';

const common = {
  processName: 'onboard-user',
  stepName: 'check',
  targetSystem: 'Bureau',
  error: null,
  executionTime: 12,
  createdAt: '2026-03-01T10:07:31.500Z',
  requestedAt: null,
} as const;

const DAY_MS = 86_400_000;
const MONTH = 43_200;
const MONTH_START = Math.floor(Date.parse('2026-03-01') / (30 * DAY_MS)) * 30 * DAY_MS;

function failure(message: string): RollupEvent {
  return { ...common, type: 'step-failed', error: { key: `key of ${message}`, message } };
}

describe('the deltas of events', () => {
  it('begin their buckets in UTC, where quarters, hours and days do', () => {
    const remembering = createBucketOf();
    const bucketOf = (time: string, grain: number) => remembering(Date.parse(time), grain);
    expect([1, 15, 60, 1440].map((grain) => bucketOf(common.createdAt, grain))).toEqual([
      '2026-03-01T10:07:00.000Z',
      '2026-03-01T10:00:00.000Z',
      '2026-03-01T10:00:00.000Z',
      '2026-03-01T00:00:00.000Z',
    ]);
    for (const time of ['10:15', '10:30', '10:15']) {
      expect(bucketOf(`2026-03-01T${time}:00.000Z`, 15)).toBe(`2026-03-01T${time}:00.000Z`);
      expect(bucketOf(`2026-03-01T${time}:59.999Z`, 15)).toBe(`2026-03-01T${time}:00.000Z`);
    }
  });

  it('count a step in buckets of five lengths, and its time where that is known', () => {
    const { steps, processes } = deltasOf([
      { ...common, type: 'step-completed' },
      { ...common, type: 'step-completed', executionTime: null },
      { ...common, type: 'step-completed', executionTime: 30 },
    ]);
    expect(processes).toEqual([]);
    expect(steps.map(({ grain }) => grain)).toEqual([15, 60, 360, 1440, 43_200]);
    for (const { measures, status, errorKey, errorMessage } of steps) {
      expect(measures).toMatchObject({
        ...{ eventCount: 3, timedCount: 2, sumMs: 42, minMs: 12, maxMs: 30 },
      });
      expect({ status, errorKey, errorMessage }).toEqual({
        ...{ status: 'ok', errorKey: '', errorMessage: null },
      });
    }
  });

  it('measure a process from its request to each of its ends', () => {
    const requestedAt = '2026-03-01T10:07:30.000Z';
    const { processes } = deltasOf([
      { ...common, type: 'process-failed', requestedAt },
      { ...common, type: 'process-retried', requestedAt: null },
      { ...common, type: 'process-completed', requestedAt, createdAt: '2026-03-01T10:09:30.000Z' },
      // The clock of another server was behind.
      { ...common, type: 'process-cancelled', requestedAt: '2026-03-01T11:00:00.000Z' },
    ]);
    const days = processes.filter(({ grain }) => grain === 1440);
    expect(days.map(({ eventType, measures }) => [eventType, measures.sumMs])).toEqual([
      ['process-failed', 1_500],
      ['process-retried', 0],
      ['process-completed', 120_000],
      ['process-cancelled', 0],
    ]);
    expect(days.map(({ measures }) => measures.timedCount)).toEqual([1, 0, 1, 1]);
  });

  it('have nothing for the start of an instance', () => {
    expect(deltasOf([{ ...common, type: 'process-started' }])).toEqual({
      ...{ steps: [], processes: [] },
    });
  });
});

describe('an error message', () => {
  it('is cut to 300 characters, none of them in half', () => {
    expect(shortMessage('short')).toBe('short');
    expect(shortMessage('x'.repeat(400))).toBe('x'.repeat(300));
    expect(shortMessage(`x${'😀'.repeat(400)}`)).toBe(`x${'😀'.repeat(299)}`);
    expect(shortMessage('half \ud83d')).toBe('half \ufffd');
  });

  it('is counted apart when it is among the first 100 of its step, whatever the batches', () => {
    const events = Array.from({ length: 250 }, (_, at) => failure(`message ${at % 120}`));
    const whole = limited(events, [250]);
    expect(whole.size).toBe(101);
    expect(whole.get(OTHER_KEY)).toBe(40);
    expect(whole.get('key of message 0')).toBe(3);
    for (const sizes of [[1], [7], [99, 1, 1], [130]]) {
      expect(limited(events, sizes), String(sizes)).toEqual(whole);
    }
  });

  it('has a row of its own when it is new late in 30 days full of messages with ids', () => {
    const on = (day: number, message: string): RollupEvent => ({
      ...failure(message),
      createdAt: new Date(MONTH_START + day * DAY_MS).toISOString(),
    });
    const events = Array.from({ length: 30 }, (_, day) => [
      ...Array.from({ length: day >= 20 ? 10 : 0 }, () => on(day, 'the new error')),
      ...Array.from({ length: 60 }, (_, at) => on(day, `order ${day}-${at} is unknown`)),
    ]).flat();
    const whole = limited(events, [events.length], MONTH);
    expect(whole.get('key of the new error')).toBe(100);
    expect(whole.size).toBe(51);
    expect([...whole.values()].reduce((sum, count) => sum + count, 0)).toBe(events.length);
    for (const sizes of [[1], [64, 7], [500]]) {
      expect(limited(events, sizes, MONTH), String(sizes)).toEqual(whole);
    }
  });

  it('is limited again from the same deltas with the same result', () => {
    const { steps } = deltasOf(Array.from({ length: 130 }, (_, at) => failure(`message ${at}`)));
    const once = JSON.stringify(limitMessages(steps, () => []));
    expect(JSON.stringify(limitMessages(steps, () => []))).toBe(once);
  });
});

/** Events in a bucket by the key of their error, given in batches of these sizes by turns. */
function limited(
  events: readonly RollupEvent[],
  sizes: readonly number[],
  length = 1_440,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (let at = 0, turn = 0; at < events.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    const { steps } = deltasOf(events.slice(at, at + size));
    const bucket = steps.filter(({ grain }) => grain === length);
    for (const { errorKey, measures } of limitMessages(bucket, () => [...counts.keys()])) {
      counts.set(errorKey, (counts.get(errorKey) ?? 0) + measures.eventCount);
    }
    at += size;
  }
  return counts;
}
