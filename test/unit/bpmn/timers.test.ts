import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import type { Result } from '../../../domain/bpmn/expressions/expression.ts';
import { dueDate, nextRepeat, TimerError } from '../../../domain/bpmn/program/timers.ts';

/** A time of the process's zone, which Camunda takes where a text names none. */
const local = (text: string): number => DateTime.fromISO(text).toMillis();
const text = (value: string): Result => ({ type: 'String', value });
const NOW = local('2026-11-30T10:00:00');

/** All times at which a cycle fires, each `late` milliseconds after it is due. */
function firings(cycle: string, now: number, most: number, late = 1): number[] {
  const times: number[] = [];
  let next: ReturnType<typeof nextRepeat> = dueDate('cycle', text(cycle), now);
  while (next && times.length < most) {
    times.push(next.due);
    if (next.repeat === null) break;
    next = nextRepeat(next.repeat, next.due, next.due + late);
  }
  return times;
}

// https://docs.camunda.org/manual/7.24/reference/bpmn20/events/timer-events/#defining-a-timer
describe('a timer with a date', () => {
  it.each<[string, number]>([
    ['2026-12-01T08:30:15Z', Date.parse('2026-12-01T08:30:15Z')],
    ['2026-12-01T08:30:15.25+02:00', Date.parse('2026-12-01T06:30:15.250Z')],
    ['2026-12-01T08:30:15.250+0200', Date.parse('2026-12-01T06:30:15.250Z')],
    ['2026-12-01T08-05', Date.parse('2026-12-01T13:00:00Z')],
    ['2026-12-01T08:30:15', local('2026-12-01T08:30:15')],
    ['2026-12-01T08:30', local('2026-12-01T08:30')],
    ['2026-12-01', local('2026-12-01')],
    ['2026-12', local('2026-12-01')],
    ['2026-1-5T7:3', local('2026-01-05T07:03')],
    ['2026-335', local('2026-12-01')],
    ['2026-W49-2', local('2026-12-01')],
    ['2011-03-11T12:13:14', local('2011-03-11T12:13:14')],
    ['P1DT1H', local('2026-12-01T11:00:00')],
    ['P1M2W', local('2027-01-13T10:00:00')],
  ])('is due as the text says: %s', (value, due) => {
    expect(dueDate('date', text(value), NOW)).toEqual({ due, repeat: null });
  });

  it.each(['date', 'duration', 'cycle'] as const)(
    'takes a Date whatever kind of timer it is: %s',
    (kind) => {
      const date = { type: 'Date', value: '2026-12-01T08:30:15.250+0000' };
      expect(dueDate(kind, date, NOW)).toEqual({
        due: Date.parse('2026-12-01T08:30:15.250Z'),
        repeat: null,
      });
    },
  );
});

describe('a timer with a duration', () => {
  it.each<[string, string]>([
    ['P1Y5M21DT19H47M55S', '2028-05-22T05:47:55'],
    ['P2W', '2026-12-14T10:00:00'],
    ['P22W', '2027-05-03T10:00:00'],
    ['PT0.5S', '2026-11-30T10:00:00.500'],
    ['PT1.001S', '2026-11-30T10:00:01.001'],
    ['P0D', '2026-11-30T10:00:00'],
    ['P3M', '2027-02-28T10:00:00'],
    ['PT26H', '2026-12-01T12:00:00'],
    ['2026-12-01T08:00:00/PT1H', '2026-12-01T09:00:00'],
    ['PT1H/2026-12-01T08:00:00', '2026-12-01T08:00:00'],
    ['2026-12-01T08:00:00/2026-12-03T08:00:00', '2026-12-03T08:00:00'],
    ['R3/PT1S', '2026-11-30T10:00:01'],
  ])('is due after it: %s', (value, due) => {
    const found = dueDate('duration', text(value), NOW);
    expect([DateTime.fromMillis(found.due).toISO(), found.repeat]).toEqual([
      DateTime.fromISO(due).toISO(),
      null,
    ]);
  });
});

describe('a timer with a cycle', () => {
  it('carries the start of its repeats from the first time on, to the second', () => {
    expect(dueDate('cycle', text('R3/PT10S'), NOW + 250)).toEqual({
      due: NOW + 10_250,
      repeat: 'R3/2026-11-30T10:00:00/PT10S',
    });
  });

  it.each<[string, number[]]>([
    ['R1/PT10S', [10]],
    ['R2/PT10S', [10, 20]],
    ['R3/PT10S', [10, 20, 30]],
    ['R2/2026-11-30T10:00:05/PT10S', [5, 15, 25]],
    ['R2/2026-11-30T09:59:55/PT10S', [5, 15]],
    ['R2/2026-11-30T10:00:00/2026-11-30T10:00:10', [10, 20]],
    ['R2/PT10S/2026-11-30T10:00:50', [30, 40, 50]],
    ['R3/PT1H', [3600, 7200, 10800]],
  ])('fires as often as Camunda fires it: %s', (cycle, seconds) => {
    expect(firings(cycle, NOW, 9).map((time) => (time - NOW) / 1000)).toEqual(seconds);
  });

  it('fires as often when every firing is in the millisecond that it is due', () => {
    expect(firings('R3/PT10S', NOW, 9, 0)).toHaveLength(3);
  });

  it('leaves out the repeats that were missed', () => {
    const { repeat, due } = dueDate('cycle', text('R2/PT10S'), NOW);
    expect(nextRepeat(String(repeat), due, NOW + 15_000)?.due).toBe(NOW + 20_000);
    expect(nextRepeat(String(repeat), due, NOW + 30_000)).toBeNull();
  });

  it('repeats for ever without a number, also from a start years ago', () => {
    expect(firings('R/PT1S', NOW, 50)).toHaveLength(50);
    expect(dueDate('cycle', text('R/2001-01-01T00:00:00.250/PT1S'), NOW).due).toBe(NOW + 250);
    expect(dueDate('cycle', text('R/2020-01-31T00:00:00/P1M'), NOW).due).toBe(local('2026-12-28'));
  });

  it('is due at once when all of its repeats are past', () => {
    expect(dueDate('cycle', text('R2/2020-01-01T00:00:00/PT1S'), NOW).due).toBe(NOW);
  });

  // The table of Operaton's CycleBusinessCalendarTest.
  it.each<[string, string]>([
    ['0 0 * * * ?', '2010-02-11T18:00'],
    ['*/10 * * * 2 ?', '2010-02-11T17:23:10'],
    ['0 * * * 2 ?', '2010-02-11T17:24'],
    ['0 0 * * 2 ?', '2010-02-11T18:00'],
    ['0 0 8-10 * * ?', '2010-02-12T08:00'],
    ['0 0/30 8-10 * * ?', '2010-02-12T08:00'],
    ['0 0 9-17 * * ?', '2010-02-12T09:00'],
    ['0 0 0 25 12 ?', '2010-12-25T00:00'],
    ['0 0 0 L 12 ?', '2010-12-31T00:00'],
    ['0 0 * 1|2 * ?', '2010-03-01T00:00'],
    ['0 0 * 1,2 * ?', '2010-03-01T00:00'],
    ['0 0 6,19 * * ?', '2010-02-11T19:00'],
    ['0 0 0 * * THUL', '2010-02-25T00:00'],
    ['0 0 0 * * THU', '2010-02-18T00:00'],
    ['0 0 0 1W * *', '2010-03-01T00:00'],
    ['0 0 0 ? * 5#2', '2010-02-12T00:00'],
    ['@monthly', '2010-03-01T00:00'],
    ['@annually', '2011-01-01T00:00'],
    ['@yearly', '2011-01-01T00:00'],
    ['@weekly', '2010-02-14T00:00'],
    ['@daily', '2010-02-12T00:00'],
    ['@midnight', '2010-02-12T00:00'],
    ['@hourly', '2010-02-11T18:00'],
  ])('follows a cron pattern: %s', (pattern, due) => {
    expect(dueDate('cycle', text(pattern), local('2010-02-11T17:23'))).toEqual({
      due: local(due),
      repeat: pattern,
    });
  });

  it('repeats a cron pattern for ever', () => {
    expect(firings('0/2 * * * * ?', NOW, 3, 0)).toEqual([NOW + 2000, NOW + 4000, NOW + 6000]);
  });
});

describe('a timer that cannot be reckoned', () => {
  it.each<['date' | 'duration' | 'cycle', string, string]>([
    [
      'date',
      'soon',
      `ENGINE-09027 Exception while resolving duedate 'soon': Invalid format: "soon"`,
    ],
    ['date', '', `ENGINE-09027 Exception while resolving duedate '': Invalid format: ""`],
    [
      'date',
      '2026-02-30',
      `ENGINE-09027 Exception while resolving duedate '2026-02-30': Invalid format: "2026-02-30"`,
    ],
    ['duration', 'P', `ENGINE-09027 Exception while resolving duedate 'P': Invalid format: "P"`],
    ['duration', 'PT', `ENGINE-09027 Exception while resolving duedate 'PT': Invalid format: "PT"`],
    [
      'duration',
      'P1W2D',
      `ENGINE-09027 Exception while resolving duedate 'P1W2D': Invalid format: "P1W2D"`,
    ],
    [
      'cycle',
      'Rx/PT1S',
      `ENGINE-09026 Exception while parsing cycle expression 'Rx/PT1S': For input string: "x"`,
    ],
  ])('says so in the words of Camunda: %s %j', (kind, value, message) => {
    expect(() => dueDate(kind, text(value), NOW)).toThrow(new TimerError(message));
  });

  it.each(['R3', 'R3/', 'R/a/b/c', '10 minutes', '0 15 10 * * ? 2025 *', '* * * * *', 'PT1S'])(
    'cannot repeat: %s',
    (cycle) => {
      expect(() => dueDate('cycle', text(cycle), NOW)).toThrow(
        /^ENGINE-09026 Exception while parsing/,
      );
    },
  );

  it.each<Result>([
    { type: 'Null', value: null },
    { type: 'String', value: null },
    { type: 'Long', value: 5 },
    { type: 'Json', value: '"PT1S"' },
    { type: 'List', items: [] },
  ])('takes a Date or a text and nothing else: %j', (value) => {
    expect(() => dueDate('duration', value, NOW)).toThrow(
      /was not configured with a valid duration/,
    );
  });
});
