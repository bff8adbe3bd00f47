import { z } from 'zod';
import { BUCKETS } from '../../../domain/rollups/index.ts';
import { problem } from '../answers/problems.ts';
import { integer, optionalText, text, time } from '../schemas/fields.ts';

const group = text.nullable().optional();

/** The beginning of every answer: how it was made. */
const made = {
  source: z
    .enum(['rollups', 'events'])
    .describe('Whether the numbers come from the rollups or from the events'),
  from: time,
  to: time,
  timeZone: text,
  bucket: z.enum(BUCKETS).nullable(),
  asOf: time
    .nullable()
    .describe('Events up to this time are counted; null: there are no events yet'),
  eventsBehind: integer.describe('Events that are not in the rollups yet'),
};

const EXAMPLE = {
  source: 'rollups' as const,
  from: '2026-01-30T23:00:00.000Z',
  to: '2026-01-31T23:00:00.000Z',
  timeZone: 'Europe/Berlin',
  bucket: null,
  asOf: '2026-01-31T12:00:00.080Z',
  eventsBehind: 0,
};

const ms = z.number().nullable();
const durations = {
  timed: integer.describe('How many of them have a known duration'),
  minMs: ms,
  avgMs: ms,
  maxMs: ms,
  p50Ms: ms.describe('Half took no longer than this'),
  p95Ms: ms,
  p99Ms: ms,
};
const DURATIONS = {
  timed: 1280,
  minMs: 7,
  avgMs: 13.625,
  maxMs: 912,
  p50Ms: 12,
  p95Ms: 31,
  p99Ms: 97.02,
};

const start = z.iso.datetime({ offset: true }).describe('Start of the bucket, in the time zone');
const truncated = z.boolean().describe('Whether there are more groups than `limit`');

export const stepsSchema = z
  .object({
    ...made,
    groupBy: z.array(text),
    truncated,
    steps: z.array(
      z.object({
        start: start.optional(),
        process: group,
        step: group,
        targetSystem: group,
        status: group,
        errorMessage: group,
        count: integer,
        errors: integer,
        errorRate: z.number().describe('errors / count'),
        ...durations,
      }),
    ),
  })
  .meta({
    examples: [
      {
        ...EXAMPLE,
        groupBy: ['process', 'step'],
        truncated: false,
        steps: [
          {
            process: 'onboard-user',
            step: 'run-background-check',
            count: 1280,
            errors: 16,
            errorRate: 0.0125,
            ...DURATIONS,
          },
        ],
      },
    ],
  });

export const throughputSchema = z
  .object({
    ...made,
    groupBy: z.array(text),
    throughput: z.array(
      z.object({
        start,
        process: optionalText,
        started: integer,
        completed: integer,
        failed: integer,
        cancelled: integer,
        finished: integer.describe('completed + failed + cancelled'),
        retried: integer.describe('Failed processes that were retried'),
      }),
    ),
  })
  .meta({
    examples: [
      {
        ...EXAMPLE,
        bucket: 'day',
        groupBy: [],
        throughput: [
          {
            start: '2026-01-31T00:00:00.000+01:00',
            started: 322,
            completed: 301,
            failed: 12,
            cancelled: 1,
            finished: 314,
            retried: 3,
          },
        ],
      },
    ],
  });

export const processDurationsSchema = z
  .object({
    ...made,
    groupBy: z.array(text),
    truncated,
    processes: z.array(
      z.object({
        start: start.optional(),
        process: group,
        status: z.enum(['completed', 'failed', 'cancelled']).optional(),
        count: integer,
        ...durations,
      }),
    ),
  })
  .meta({
    examples: [
      {
        ...EXAMPLE,
        groupBy: ['process', 'status'],
        truncated: false,
        processes: [{ process: 'onboard-user', status: 'completed', count: 1280, ...DURATIONS }],
      },
    ],
  });

export const TOP_GROUPS = 100;

/** For the description of every route. */
export const SOURCE_TEXT =
  'From the rollups, which are seconds behind the events (`asOf`). Counts are exact, percentiles are within one per cent. `exact=true` reads the events themselves.';

export const badRange = problem(
  'The request is not valid, or the answer would have too many points',
);
