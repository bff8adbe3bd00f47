import { DateTime, IANAZone } from 'luxon';

export const BUCKETS = ['minute', 'hour', 'day'] as const;
export type Bucket = (typeof BUCKETS)[number];

/** Points that one answer may have: more than a chart can show. */
export const MAX_POINTS = 10_000;

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Usual lengths; a day of a time zone may be an hour longer or shorter. */
const LENGTHS: Record<Bucket, number> = { minute: MINUTE_MS, hour: 3_600_000, day: DAY_MS };

/** Whether there is such a zone in the IANA time zone database that Node has. */
export function isTimeZone(name: string): boolean {
  return IANAZone.isValidZone(name);
}

/** About how many buckets a range has. */
export function countBuckets(from: number, to: number, bucket: Bucket): number {
  return Math.ceil((to - from) / LENGTHS[bucket]);
}

/** The longest range that has no more than so many buckets, in milliseconds. */
export function longestRange(bucket: Bucket, points: number): number {
  return points * LENGTHS[bucket];
}

/**
 * Where the buckets of a range begin, and the end of the range; the first and the last may be cut off by it. A day
 * begins at midnight of the time zone, or at the first moment that it has; an hour at its whole hours, and again
 * when the clocks are changed, so that it has one offset from UTC.
 *
 * All times in milliseconds since 1970.
 */
export function boundsOf(from: number, to: number, bucket: Bucket, timeZone: string): number[] {
  const zone = IANAZone.create(timeZone);
  const next = bucket === 'day' ? nextDay(zone) : nextOf(zone, LENGTHS[bucket]);
  const bounds = [from];
  for (let at = next(from); at < to; at = next(at)) bounds.push(at);
  bounds.push(to);
  return bounds;
}

function nextDay(zone: IANAZone): (at: number) => number {
  return (at) => DateTime.fromMillis(at, { zone }).plus({ days: 1 }).startOf('day').toMillis();
}

function nextOf(zone: IANAZone, length: number): (at: number) => number {
  const offsetAt = offsets(zone);
  return (at) => {
    const offset = offsetAt(at) * MINUTE_MS;
    const local = at + offset;
    const end = at + length - (((local % length) + length) % length);
    return offsetAt(end) * MINUTE_MS === offset ? end : changeIn(zone, at, end);
  };
}

/** The moment at which the offset is no longer that of `from`, by halves. */
function changeIn(zone: IANAZone, from: number, to: number): number {
  const before = zone.offset(from);
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (zone.offset(middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

/** Offsets of rising times, in minutes. To ask for one takes microseconds, so whole days are asked for at once. */
function offsets(zone: IANAZone): (at: number) => number {
  let [since, until, known] = [0, 0, 0];
  return (at) => {
    if (at >= since && at <= until) return known;
    known = zone.offset(at);
    // No zone changes its clocks and takes that back within a day.
    [since, until] = [at, zone.offset(at + DAY_MS) === known ? at + DAY_MS : at];
    return known;
  };
}

/** Times as ISO 8601 with the offset of the zone: `2026-03-29T03:00:00.000+02:00`. */
export function isoIn(timeZone: string): (at: number) => string {
  const zone = IANAZone.create(timeZone);
  const offsetAt = offsets(zone);
  return (at) => {
    const offset = offsetAt(at);
    const local = new Date(at + offset * MINUTE_MS).toISOString().slice(0, -1);
    if (offset === 0 && timeZone === 'UTC') return `${local}Z`;
    const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
    return `${local}${offset < 0 ? '-' : '+'}${twoDigits(hours)}:${twoDigits(minutes)}`;
  };
}

function twoDigits(number: number): string {
  return String(Math.trunc(number)).padStart(2, '0');
}
