import { z } from 'zod';
import {
  BULK_ACTIONS,
  BULK_STATUSES,
  type BulkProgress,
  type BulkRun,
  STATUS_FOR,
} from '../../../../../../domain/bulk/index.ts';
import { problem } from '../../../../answers/problems.ts';
import { cursorParameter } from '../../../../queries/cursor.ts';
import { isForwards, queryOf, timeParameter, wholeNumber } from '../../../../queries/parameters.ts';
import { columnText, integer, text, time } from '../../../../schemas/fields.ts';

const MAX_PER_SECOND = 1_000;
const DEFAULT_PER_SECOND = 50;

/** The names and meanings of the list of processes. */
const filterSchema = z
  .strictObject({
    status: z.enum(['pending', 'ok', 'error']).optional(),
    process: columnText.optional().describe('Process key'),
    step: columnText.optional().describe('Current step'),
    from: timeParameter.optional().describe('Changed at or after'),
    to: timeParameter.optional().describe('Changed before'),
  })
  .refine(...isForwards)
  .refine(
    (filter) => Object.values(filter).some((value) => value !== undefined),
    'must have at least one field: all processes of a status are {"status": "error"}',
  );

const bodySchema = z
  .strictObject({
    action: z.enum(BULK_ACTIONS),
    filter: filterSchema.describe('As in the list of processes'),
    dryRun: z.boolean().default(false).describe('Only count what would be acted on'),
    maxPerSecond: z.number().int().min(1).max(MAX_PER_SECOND).default(DEFAULT_PER_SECOND),
    reason: text.min(1).max(4_000).describe('For the audit trail'),
  })
  .refine(
    ({ action, filter }) => {
      const needed = STATUS_FOR[action];
      return !needed || !filter.status || filter.status === needed;
    },
    {
      path: ['filter', 'status'],
      message:
        'cannot be that: only processes with the status error are retried, and pending ones cancelled; leave it out',
    },
  )
  .meta({
    examples: [
      {
        action: 'retry',
        filter: { process: 'onboard-user', from: '2026-01-31T12:00:00Z' },
        dryRun: true,
        reason: 'the partner is back',
      },
    ],
  });

const runSchema = z
  .object({
    id: text,
    action: z.enum(BULK_ACTIONS),
    filter: z.record(text, z.any()),
    reason: text,
    actor: text,
    maxPerSecond: integer,
    dryRun: z.boolean(),
    status: z.enum(BULK_STATUSES),
    found: integer.describe('Grows while the processes are looked up'),
    done: integer,
    failed: integer,
    left: integer,
    perSecond: integer.describe('Of late'),
    reasons: z
      .array(z.object({ reason: text, processes: integer }))
      .describe('Why processes failed, the most frequent first'),
    createdAt: time,
    updatedAt: time,
    endedAt: time.nullable(),
  })
  .meta({
    id: 'BulkRun',
    examples: [
      {
        id: '01977d2e-5c44-7e9a-8f0b-1c2d3e4f5a6b',
        action: 'retry',
        filter: { process: 'onboard-user' },
        reason: 'the partner is back',
        actor: 'operations',
        maxPerSecond: 50,
        dryRun: false,
        status: 'running',
        found: 2000,
        done: 730,
        failed: 2,
        left: 1268,
        perSecond: 50,
        reasons: [{ reason: 'it is pending', processes: 2 }],
        createdAt: '2026-01-31T12:00:00.000Z',
        updatedAt: '2026-01-31T12:00:15.000Z',
        endedAt: null,
      },
    ],
  });

const params = z.object({ id: text.min(1).max(36) });
const away = problem('The database cannot be reached');
const unknown = problem('There is no such run; ended ones are kept for 90 days');

export const beginSchema = {
  operationId: 'beginBulk',
  summary: 'Retry, cancel or restore all processes that a filter finds',
  description:
    'Answers at once; the processes are acted on in the background, each once, also when service instances are killed meanwhile. Processes that began later are not meant. `GET /api/admin/bulk/:id` says how far it is.',
  tags: ['operations'],
  body: bodySchema,
  response: { 202: runSchema.describe('It has begun'), 503: away },
};

export const listSchema = {
  operationId: 'listBulk',
  summary: 'List bulk runs, the newest first',
  tags: ['operations'],
  querystring: queryOf({
    limit: wholeNumber(1, 100, 20),
    cursor: cursorParameter(z.object({ id: text })),
  }),
  response: {
    200: z
      .object({ runs: z.array(runSchema), nextCursor: text.nullable() })
      .describe('A page of the list'),
    503: away,
  },
};

export const findSchema = {
  operationId: 'getBulk',
  summary: 'How far a bulk run is',
  tags: ['operations'],
  params,
  response: { 200: runSchema.describe('The run'), 404: unknown, 503: away },
};

export const failuresSchema = {
  operationId: 'listBulkFailures',
  summary: 'The processes that a bulk run could not act on, and why',
  tags: ['operations'],
  params,
  querystring: queryOf({
    limit: wholeNumber(1, 1_000, 50),
    cursor: cursorParameter(z.object({ correlationId: text })),
  }),
  response: {
    200: z
      .object({
        failures: z.array(z.object({ correlationId: text, reason: text })),
        nextCursor: text.nullable(),
      })
      .describe('A page of them'),
    404: unknown,
    503: away,
  },
};

const changed = (summary: string, operationId: string, conflict: string) => ({
  operationId,
  summary,
  tags: ['operations'],
  params,
  response: {
    200: runSchema.describe('The run'),
    404: unknown,
    409: problem(conflict),
    503: away,
  },
});
export const stopSchema = changed(
  'Stop a bulk run; what is done stays done',
  'stopBulk',
  'It is done, or stopped already',
);
export const resumeSchema = changed(
  'Continue a stopped bulk run',
  'resumeBulk',
  'It is not stopped',
);

/** The filter as the list has it, under the names of its parameters. */
export function publicRun(run: BulkRun, progress: BulkProgress) {
  const { isCollected: _, collected: __, filter, ...shown } = run;
  const { processName: process, currentStep: step, ...same } = filter;
  return { ...shown, filter: { ...same, process, step }, ...progress };
}
