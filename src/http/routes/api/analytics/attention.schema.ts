import { z } from 'zod';
import { MAX_PENDING, MAX_SLOW, STALLED_AFTER_MS } from '../../../../../domain/rollups/index.ts';
import type { ServerParts } from '../../../parts/server-parts.ts';
import { wholeNumber } from '../../../queries/parameters.ts';
import { searchQueryOf } from '../../../queries/search.ts';
import { integer as count, text, time } from '../../../schemas/fields.ts';

const process = {
  correlationId: text,
  processKey: text,
  statusUrl: text,
};

const attention = z
  .object({
    pending: z
      .object({ count, isWhole: z.boolean() })
      .nullable()
      .describe(
        `Pending processes, counted up to ${MAX_PENDING.toLocaleString('en')}. When there are more, only those that have not changed for longest are examined, and isWhole is false`,
      ),
    slow: z
      .object({
        total: count.describe('Without those that wait for people'),
        isWhole: z
          .boolean()
          .describe(
            `False: there are more than ${MAX_SLOW.toLocaleString('en')}, and the engine was asked about the oldest of them only`,
          ),
        waitingForPeople: count
          .nullable()
          .describe(
            'Processes that are left out, because they wait at user tasks only; null when the engine did not answer, and none is left out',
          ),
        processes: z.array(
          z.object({
            ...process,
            currentStep: text.nullable(),
            startedAt: time,
            ageMs: count,
            p99Ms: count
              .nullable()
              .describe(
                'Of processes that completed in the last 30 days; null when there are too few',
              ),
            slowAfterMs: count,
          }),
        ),
      })
      .nullable()
      .describe(
        'Pending processes older than usual, the oldest first, without those that wait at user tasks only',
      ),
    retrying: z
      .object({
        total: count,
        steps: z.array(
          z.object({
            ...process,
            step: text,
            attempt: count.describe('The attempt that failed'),
            retriesLeft: count,
            failedAt: time,
            nextTryAt: time,
            code: text,
            message: text.describe(
              'Shortened; replaced by the code where it may hold personal data',
            ),
          }),
        ),
      })
      .nullable()
      .describe('Steps that failed and will be retried, the oldest failure first'),
    outbox: z
      .object({
        rows: count,
        oldestAgeMs: count,
        stalledAfterMs: count,
        isStalled: z.boolean().describe('The oldest row is older than stalledAfterMs'),
      })
      .nullable()
      .describe('Events that are not published yet'),
    rollups: z
      .object({ eventsBehind: count, behindMs: count })
      .nullable()
      .describe('Events that are not in the rollups yet, and the age of the oldest of them'),
    failedJobs: z
      .object({ count, isWhole: z.boolean() })
      .nullable()
      .describe('Failed jobs, counted up to 100'),
    unreadable: z
      .object({
        total: count,
        advice: text.nullable().describe('What to do with them; null when there are not any'),
        instances: z.array(
          z.object({
            processInstanceId: text,
            processKey: text,
            correlationId: text
              .nullable()
              .describe('Null for an instance that was started without a business key'),
            statusUrl: text.nullable(),
          }),
        ),
      })
      .nullable()
      .describe(
        'Instances of the embedded engine that stand still, because their state cannot be read; known once something has asked for them',
      ),
    elsewhere: z
      .array(
        z.object({
          topic: text,
          steps: z.array(z.object({ processKey: text, step: text })),
          count: count.describe('Tasks that no worker has, with attempts left'),
          isWhole: z.boolean().describe('False: there are more than were counted'),
          oldestAt: time
            .nullable()
            .describe('When the oldest began; null: the engine does not say'),
        }),
      )
      .nullable()
      .describe(
        'Topics of steps that are done elsewhere, with tasks that no worker has, the longest wait first',
      ),
    unavailable: z.array(text).describe('The parts that could not be read, and are null'),
  })
  .meta({
    id: 'Attention',
    examples: [
      {
        pending: { count: 212, isWhole: true },
        slow: {
          total: 1,
          isWhole: true,
          waitingForPeople: 14,
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
        unreadable: { total: 0, advice: null, instances: [] },
        elsewhere: [
          {
            topic: 'quote-parcel.find-tariff',
            steps: [{ processKey: 'quote-parcel', step: 'find-tariff' }],
            count: 3,
            isWhole: true,
            oldestAt: '2026-01-31T13:10:00.000Z',
          },
        ],
        unavailable: [],
      },
    ],
  });

export const attentionSchemaOf = (definitions: ServerParts['definitions']) => ({
  operationId: 'getAttention',
  summary: 'What is stuck or slow now',
  description:
    'Pending processes that take longer than 99 of 100 of their kind and do not wait for people, steps that are being retried, instances that stand still, topics without a worker, and whether events are published. Identifiers and an error code narrow `slow` and `retrying`. A part that cannot be read now is null and named in `unavailable`; the other parts are there.',
  tags: ['analytics'],
  querystring: searchQueryOf(
    {
      limit: wholeNumber(1, 1_000, 50).describe(
        'Maximum length of each list; the totals count all',
      ),
    },
    definitions,
    'Narrows `slow` and `retrying` to processes with a failed attempt of this code',
  ),
  response: { 200: attention.describe('Stuck and slow processes, and what is behind') },
});
