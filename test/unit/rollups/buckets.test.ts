import { describe, expect, it } from 'vitest';
import { type Bucket, boundsOf, isoIn, isTimeZone } from '../../../domain/rollups/buckets.ts';
import { cutSlices } from '../../../infrastructure/sql/analytics-ranges.ts';

function starts(from: string, to: string, bucket: Bucket, timeZone: string): string[] {
  return boundsOf(Date.parse(from), Date.parse(to), bucket, timeZone).map(isoIn(timeZone));
}

describe('a time zone', () => {
  it('has days of 23 and of 25 hours', () => {
    expect(starts('2026-03-27T23:00:00Z', '2026-03-30T22:00:00Z', 'day', 'Europe/Berlin')).toEqual([
      '2026-03-28T00:00:00.000+01:00',
      '2026-03-29T00:00:00.000+01:00',
      '2026-03-30T00:00:00.000+02:00',
      '2026-03-31T00:00:00.000+02:00',
    ]);
    const [first, second] = boundsOf(
      Date.parse('2025-10-25T22:00:00Z'),
      Date.parse('2025-10-27T00:00:00Z'),
      'day',
      'Europe/Berlin',
    ) as [number, number];
    expect((second - first) / 3_600_000).toBe(25);
  });

  it('has an hour twice when the clocks go back, and none when they go forward', () => {
    expect(starts('2025-10-26T00:00:00Z', '2025-10-26T02:30:00Z', 'hour', 'Europe/Berlin')).toEqual(
      [
        '2025-10-26T02:00:00.000+02:00',
        '2025-10-26T02:00:00.000+01:00',
        '2025-10-26T03:00:00.000+01:00',
        '2025-10-26T03:30:00.000+01:00',
      ],
    );
    expect(starts('2026-03-29T00:00:00Z', '2026-03-29T02:00:00Z', 'hour', 'Europe/Berlin')).toEqual(
      [
        '2026-03-29T01:00:00.000+01:00',
        '2026-03-29T03:00:00.000+02:00',
        '2026-03-29T04:00:00.000+02:00',
      ],
    );
  });

  it('begins hours at half past those of UTC where the zone does', () => {
    expect(starts('2026-01-01T00:10:00Z', '2026-01-01T02:00:00Z', 'hour', 'Asia/Kolkata')).toEqual([
      '2026-01-01T05:40:00.000+05:30',
      '2026-01-01T06:00:00.000+05:30',
      '2026-01-01T07:00:00.000+05:30',
      '2026-01-01T07:30:00.000+05:30',
    ]);
  });

  it('gives half an hour its own bucket where the clocks change by that much', () => {
    expect(
      starts('2026-04-04T14:00:00Z', '2026-04-04T16:30:00Z', 'hour', 'Australia/Lord_Howe'),
    ).toEqual([
      '2026-04-05T01:00:00.000+11:00',
      '2026-04-05T01:30:00.000+10:30',
      '2026-04-05T02:00:00.000+10:30',
      '2026-04-05T03:00:00.000+10:30',
    ]);
  });

  it('ends a bucket where the clocks change within the hour', () => {
    // Until 2011 Newfoundland went back at one minute past midnight.
    expect(
      starts('2010-11-07T02:00:00Z', '2010-11-07T04:30:00Z', 'hour', 'America/St_Johns'),
    ).toEqual([
      '2010-11-06T23:30:00.000-02:30',
      '2010-11-07T00:00:00.000-02:30',
      '2010-11-06T23:01:00.000-03:30',
      '2010-11-07T00:00:00.000-03:30',
      '2010-11-07T01:00:00.000-03:30',
    ]);
  });

  it('is known by its IANA name only', () => {
    expect(['UTC', 'Europe/Berlin', 'America/St_Johns'].every(isTimeZone)).toBe(true);
    expect(['Mars/Olympus', '', 'Berlin'].some(isTimeZone)).toBe(false);
  });
});

describe('cutting a range of time', () => {
  const at = Date.parse;

  it('takes the longest buckets in the middle and leaves the edges to the events', () => {
    const pieces = cutSlices(
      [at('2026-01-01T22:40:00.001Z'), at('2026-01-04T01:20:00Z')],
      [1_440, 60, 15],
    );
    expect(
      pieces.map(({ grain, from, to }) => [
        grain,
        new Date(from).toISOString().slice(8, 23),
        new Date(to).toISOString().slice(8, 23),
      ]),
    ).toEqual([
      [null, '01T22:40:00.001', '01T22:45:00.000'],
      [15, '01T22:45:00.000', '01T23:00:00.000'],
      [60, '01T23:00:00.000', '02T00:00:00.000'],
      [1_440, '02T00:00:00.000', '04T00:00:00.000'],
      [60, '04T00:00:00.000', '04T01:00:00.000'],
      [15, '04T01:00:00.000', '04T01:15:00.000'],
      [null, '04T01:15:00.000', '04T01:20:00.000'],
    ]);
  });
});
