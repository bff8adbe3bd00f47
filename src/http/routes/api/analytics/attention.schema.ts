import { z } from 'zod';
import { MAX_PENDING, STALLED_AFTER_MS } from '../../../../../domain/rollups/index.ts';
import { queryOf, wholeNumber } from '../../../queries/parameters.ts';

const count = z.number().int();
const process = {
  correlationId: z.string(),
  processKey: z.string(),
  statusUrl: z.string(),
};

const attention = z
  .object({
    pending: z
      .object({ count, isWhole: z.boolean() })
      .nullable()
      .describe(
        `Pending processes, counted up to ${MAX_PENDING.toLocaleString('en')}: of more, those that have not changed for longest are looked at, and isWhole is false`,
      ),
    slow: z
      .object({
        total: count,
        processes: z.array(
          z.object({
            ...process,
            currentStep: z.string().nullable(),
            startedAt: z.iso.datetime(),
            ageMs: count,
            p99Ms: count
              .nullable()
              .describe('Of completed ones of the last 30 days; null when there are too few'),
            slowAfterMs: count,
          }),
        ),
      })
      .nullable()
      .describe('Pending processes older than usual, the oldest first'),
    retrying: z
      .object({
        total: count,
        steps: z.array(
          z.object({
            ...process,
            step: z.string(),
            attempt: count.describe('The one that failed'),
            retriesLeft: count,
            failedAt: z.iso.datetime(),
            nextTryAt: z.iso.datetime(),
            code: z.string(),
            message: z
              .string()
              .describe('Cut off; the code in its place where it may hold personal data'),
          }),
        ),
      })
      .nullable()
      .describe('Steps that failed and will be tried again, the oldest failure first'),
    outbox: z
      .object({
        rows: count,
        oldestAgeMs: count,
        stalledAfterMs: count,
        isStalled: z.boolean().describe('The oldest row is older than stalledAfterMs'),
      })
      .nullable()
      .describe('Events that are still to be published'),
    rollups: z
      .object({ eventsBehind: count, behindMs: count })
      .nullable()
      .describe('Events that are not in the statistics yet, and for how long the first of them'),
    failedJobs: z
      .object({ count, isWhole: z.boolean() })
      .nullable()
      .describe('Jobs that were given up, counted up to 100'),
    unavailable: z
      .array(z.string())
      .describe('The parts that could not be told just now, and are null'),
  })
  .meta({
    id: 'Attention',
    examples: [
      {
        pending: { count: 212, isWhole: true },
        slow: {
          total: 1,
          processes: [
            {
              correlationId: 'order-4711',
              processKey: 'onboard-user',
              statusUrl: '/api/process/status/order-4711',
              currentStep: 'run-background-check',
              startedAt: '2026-01-31T12:00:00.000Z',
              ageMs: 5_400_000,
              p99Ms: 84_000,
              slowAfterMs: 84_000,
            },
          ],
        },
        retrying: {
          total: 1,
          steps: [
            {
              correlationId: 'order-4712',
              processKey: 'onboard-user',
              statusUrl: '/api/process/status/order-4712',
              step: 'run-background-check',
              attempt: 2,
              retriesLeft: 1,
              failedAt: '2026-01-31T13:29:58.000Z',
              nextTryAt: '2026-01-31T13:30:00.000Z',
              code: 'REMOTE_503',
              message: 'the partner answered 503',
            },
          ],
        },
        outbox: { rows: 3, oldestAgeMs: 12, stalledAfterMs: STALLED_AFTER_MS, isStalled: false },
        rollups: { eventsBehind: 4, behindMs: 480 },
        failedJobs: { count: 0, isWhole: true },
        unavailable: [],
      },
    ],
  });

export const attentionSchema = {
  operationId: 'getAttention',
  summary: 'What is stuck or slow now',
  description:
    'Pending processes that take longer than 99 of 100 of their like, steps that are being tried again, and whether events are published. A part that cannot be told now is null and named in `unavailable`; the others are there.',
  tags: ['analytics'],
  querystring: queryOf({
    limit: wholeNumber(1, 1_000, 50).describe('Of each list; the totals count all'),
  }),
  response: { 200: attention.describe('What needs attention') },
};
