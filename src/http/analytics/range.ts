import { z } from 'zod';
import { DAY_MS } from '../../../domain/common/index.ts';
import {
  BUCKETS,
  type Bucket,
  boundsOf,
  countBuckets,
  isTimeZone,
  longestRange,
  MAX_POINTS,
} from '../../../domain/rollups/index.ts';
import { listOf, timeParameter, wholeNumber } from '../queries/parameters.ts';

const MOST_GROUPS = 1_000;
/** In milliseconds, the unit of buckets, which begin with 1970. */
const timeSchema = timeParameter
  .transform((text) => Date.parse(text))
  .refine((ms) => ms >= 0, 'must be of a year from 1970 to 9999');

/** The parts of a group: each once, and no other than these. */
export function groupsOf<const Names extends readonly string[]>(names: Names, otherwise: string) {
  return listOf(z.enum(names, { error: `must be of ${names.join(', ')}` }))
    .refine((given) => new Set(given).size === given.length, { message: 'must name each once' })
    .meta({ uniqueItems: true })
    .optional()
    .describe(
      `Of ${names.map((name) => `\`${name}\``).join(', ')}, with commas in between; left out: ${otherwise}`,
    );
}

export const nameSchema = z
  .string()
  .max(255)
  .regex(/^\s*\S/, 'must not be empty')
  .trim();

/** What every question has. */
export const rangeParameters = {
  from: timeSchema.optional().describe('At or after this time; left out: 24 hours before `to`'),
  to: timeSchema.optional().describe('Before this time; left out: now'),
  timeZone: z
    .string()
    .max(64)
    .refine(isTimeZone, {
      message: 'is not a time zone; give a name of the IANA database, like Europe/Berlin or UTC',
    })
    .default('UTC')
    .describe('Of the days and hours, and of the times in the answer'),
  process: listOf(nameSchema).optional().describe('Process keys; left out: of all'),
  exact: z
    .enum(['true', 'false'])
    .default('false')
    .transform((given) => given === 'true')
    .describe('`true`: from the events themselves, which takes longer'),
} as const;

export const bucketParameter = z.enum(BUCKETS);

/** @param otherwise what it is when it is left out */
export function limitParameter(otherwise: string) {
  return wholeNumber(1, MOST_GROUPS)
    .optional()
    .describe(`Groups, those with the most events; left out: ${otherwise}`);
}

/** The time that a question is about. */
export interface Range {
  from: number;
  to: number;
  timeZone: string;
  bucket: Bucket | null;
  exact: boolean;
  /** Where the buckets begin, and the end: see `boundsOf`. */
  bounds: number[];
}

/** The range of a question, or what is wrong with it. */
export function readRange(
  query: {
    from?: number | undefined;
    to?: number | undefined;
    timeZone: string;
    bucket?: Bucket | undefined;
    exact: boolean;
  },
  now: number,
): Range | { refusal: string } {
  const { to = now, from = to - DAY_MS, timeZone, exact, bucket = null } = query;
  if (from >= to) {
    const end = new Date(to).toISOString();
    return {
      refusal: `querystring.from: must be before to, which is ${end}; exchange the two, or leave one out`,
    };
  }
  const range = { from, to, timeZone, exact, bucket };
  if (!bucket) return { ...range, bounds: [from, to] };
  // Before any of them is made: a range of years has millions of minutes.
  const about = countBuckets(from, to, bucket);
  const bounds = about > MAX_POINTS ? null : boundsOf(from, to, bucket, timeZone);
  if (bounds && bounds.length - 1 <= MAX_POINTS) return { ...range, bounds };
  const points = bounds ? bounds.length - 1 : about;
  return { refusal: tooManyPoints(range, { groups: 1, points }) };
}

/** Says which bucket or which range would do. */
export function tooManyPoints(
  { from, to, bucket }: Pick<Range, 'from' | 'to' | 'bucket'>,
  { groups, points }: { groups: number; points: number },
): string {
  const unit = bucket ?? 'day';
  const room = Math.max(2, Math.floor(MAX_POINTS / groups));
  const longer = BUCKETS.slice(BUCKETS.indexOf(unit) + 1).find(
    (candidate) => countBuckets(from, to, candidate) + 1 <= room,
  );
  // The first and the last bucket may be cut off by the range, and count whole.
  const range = spell(longestRange(unit, room - 1));
  const number = (count: number): string => count.toLocaleString('en');
  const of = groups > 1 ? ` of ${number(groups)} groups` : '';
  const less = groups > 1 ? ', or for fewer groups' : '';
  return `querystring.bucket: ${number(points)} points${of} are more than the ${number(MAX_POINTS)} of one answer; ask for ${longer ? `bucket=${longer}, or for ` : ''}no more than ${range} at a time${less}`;
}

function spell(ms: number): string {
  const [days, hours, minutes] = [ms / DAY_MS, (ms / 3_600_000) % 24, (ms / 60_000) % 60];
  const [whole, unit] =
    days >= 1 ? [days, 'days'] : hours >= 1 ? [hours, 'hours'] : [Math.max(1, minutes), 'minutes'];
  return `${Math.floor(whole).toLocaleString('en')} ${unit}`;
}
