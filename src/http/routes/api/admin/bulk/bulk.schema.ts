import { z } from 'zod';
import {
  BULK_ACTIONS,
  BULK_STATUSES,
  type BulkProgress,
  type BulkRequest,
  type BulkRun,
  STATUS_FOR,
} from '../../../../../../domain/bulk/index.ts';
import {
  MAX_SOUGHT,
  readSought,
  readSoughtText,
  type SoughtIdentifier,
  type SoughtText,
} from '../../../../../../domain/identifiers/index.ts';
import { isPersonalIdentifier } from '../../../../../../domain/steps/index.ts';
import { ProblemError, problem } from '../../../../answers/problems.ts';
import { cursorParameter } from '../../../../queries/cursor.ts';
import { queryOf, timeParameter, wholeNumber, zonedTime } from '../../../../queries/parameters.ts';
import { type Definitions, PREFIX } from '../../../../queries/search.ts';
import { columnText, integer, text, time } from '../../../../schemas/fields.ts';

const MAX_PER_SECOND = 1_000;
const DEFAULT_PER_SECOND = 50;

/** The names and meanings of the list of processes. */
const filterSchema = z
  .object({
    status: z.enum(['pending', 'ok', 'error']).optional(),
    process: columnText.optional().describe('Process key'),
    step: columnText.optional().describe('Current step'),
    errorCode: columnText
      .optional()
      .describe('Of the error that it ended with; with `*` at the end one that begins so'),
    from: zonedTime.optional().describe('Changed at or after'),
    to: zonedTime.optional().describe('Changed before'),
  })
  .refine(({ from, to }) => !from || !to || String(utc(from)) < String(utc(to)), {
    path: ['from'],
    message: 'must be before to; swap the two, or leave one out',
  })
  .catchall(
    columnText.describe(
      '`identifier.<name>`: a business identifier, with `*` at the end one that begins so',
    ),
  )
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

const RUN_EXAMPLE = {
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
};

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
    examples: [RUN_EXAMPLE],
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
      .meta({ examples: [{ runs: [RUN_EXAMPLE], nextCursor: null }] })
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
      .meta({
        examples: [
          {
            failures: [{ correlationId: 'order-4711', reason: 'it is pending' }],
            nextCursor: null,
          },
        ],
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

/** The filter under the names in which it was sent. */
export function publicRun(run: BulkRun, progress: BulkProgress) {
  const { isCollected: _, collected: __, filter, ...shown } = run;
  const { processName: process, currentStep: step, errorCode, identifiers, ...same } = filter;
  const sent = (sought: SoughtText): string => `${sought.value}${sought.isPrefix ? '*' : ''}`;
  return {
    ...shown,
    ...progress,
    filter: {
      ...same,
      process,
      step,
      errorCode: errorCode && sent(errorCode),
      ...Object.fromEntries((identifiers ?? []).map((one) => [PREFIX + one.name, sent(one)])),
    },
  };
}

/**
 * Reads the filter of a body.
 *
 * @throws ProblemError for what nothing can be found by, and for personal identifiers: the run keeps its filter
 */
export function filterOf(
  body: z.infer<typeof filterSchema>,
  definitions: Definitions,
): BulkRequest['filter'] {
  const { status, process, step, errorCode, from, to, ...others } = body;
  const identifiers = Object.entries(others).map(([field, text]): SoughtIdentifier => {
    const name = field.slice(PREFIX.length);
    if (!field.startsWith(PREFIX)) {
      return refuse(field, 'is no field of a filter; identifiers are called identifier.<name>');
    }
    if (isPersonalIdentifier(definitions, process, name)) {
      return refuse(
        field,
        'is personal, and a run would keep it; act on these processes one by one',
      );
    }
    const sought = readSought(name, text);
    return 'wrong' in sought ? refuse(field, sought.wrong) : sought;
  });
  if (identifiers.length > MAX_SOUGHT) {
    refuse('identifier', `is given too often: a search takes ${MAX_SOUGHT} identifiers at most`);
  }
  const code = errorCode === undefined ? undefined : readSoughtText(errorCode);
  if (code && 'wrong' in code) return refuse('errorCode', code.wrong);
  return {
    ...{ status, processName: process, currentStep: step, errorCode: code },
    ...(identifiers.length > 0 ? { identifiers } : {}),
    from: utc(from),
    to: utc(to),
  };
}

function refuse(field: string, message: string): never {
  const path = `body.filter.${field}`;
  throw new ProblemError('invalid-request', `${path}: ${message}`, { errors: [{ path, message }] });
}

const utc = (time: string | undefined): string | undefined =>
  time === undefined ? undefined : timeParameter.safeParse(time).data;
