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

const MAX_GROUPS = 1_000;
/** In milliseconds; buckets start in 1970. */
const timeSchema = timeParameter
  .transform((text) => Date.parse(text))
  .refine((ms) => ms >= 0, 'must be in a year from 1970 to 9999');

/** The parameter `groupBy`: some of these names, each once. */
export function groupsOf<const Names extends readonly string[]>(names: Names, byDefault: string) {
  return listOf(z.enum(names, { error: `must be one of ${names.join(', ')}` }))
    .refine((given) => new Set(given).size === given.length, { message: 'must name each once' })
    .meta({ uniqueItems: true })
    .optional()
    .describe(
      `One or more of ${names.map((name) => `\`${name}\``).join(', ')}, separated by commas; default: ${byDefault}`,
    );
}

export const nameSchema = z
  .string()
  .max(255)
  .regex(/^\s*\S/, 'must not be empty')
  .trim();

/** The parameters of every query. */
export const rangeParameters = {
  from: timeSchema.optional().describe('At or after this time; default: 24 hours before `to`'),
  to: timeSchema.optional().describe('Before this time; default: now'),
  timeZone: z
    .string()
    .max(64)
    .refine(isTimeZone, {
      message: 'is not a time zone; give a name of the IANA database, like Europe/Berlin or UTC',
    })
    .default('UTC')
    .describe('Time zone of the buckets, and of the times in the answer'),
  process: listOf(nameSchema).optional().describe('Process keys; default: all'),
  exact: z
    .enum(['true', 'false'])
    .default('false')
    .transform((given) => given === 'true')
    .describe('`true` reads the events themselves, which takes longer'),
} as const;

export const bucketParameter = z.enum(BUCKETS);

/** @param byDefault for the description */
export function limitParameter(byDefault: string) {
  return wholeNumber(1, MAX_GROUPS)
    .optional()
    .describe(`Maximum number of groups, those with the most events first; default: ${byDefault}`);
}

/** The time range of a query. */
export interface Range {
  from: number;
  to: number;
  timeZone: string;
  bucket: Bucket | null;
  exact: boolean;
  /** Where the buckets begin, and the end: see `boundsOf`. */
  bounds: number[];
}

/** Reads the range of a query, or what is wrong with it. */
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
      refusal: `querystring.from: must be before to, which is ${end}; swap the two, or leave one out`,
    };
  }
  const range = { from, to, timeZone, exact, bucket };
  if (!bucket) return { ...range, bounds: [from, to] };
  // Counted before any is made: a range of years has millions of minutes.
  const about = countBuckets(from, to, bucket);
  const bounds = about > MAX_POINTS ? null : boundsOf(from, to, bucket, timeZone);
  if (bounds && bounds.length - 1 <= MAX_POINTS) return { ...range, bounds };
  const points = bounds ? bounds.length - 1 : about;
  return { refusal: tooManyPoints(range, { groups: 1, points }) };
}

/** Explains which bucket or range would fit. */
export function tooManyPoints(
  { from, to, bucket }: Pick<Range, 'from' | 'to' | 'bucket'>,
  { groups, points }: { groups: number; points: number },
): string {
  const unit = bucket ?? 'day';
  const room = Math.max(2, Math.floor(MAX_POINTS / groups));
  const longer = BUCKETS.slice(BUCKETS.indexOf(unit) + 1).find(
    (candidate) => countBuckets(from, to, candidate) + 1 <= room,
  );
  // The range may cut off the first and the last bucket, which count as whole ones.
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
