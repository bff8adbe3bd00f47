import { z } from 'zod';
import type { Json } from '../../../domain/common/index.ts';
import {
  correlationIdSchema,
  RESERVED_VARIABLES,
  reservedAmong,
} from '../../../domain/process/index.ts';
import { problem } from '../answers/problems.ts';
import { integer, text, time } from './fields.ts';

/** Any JSON: the body parser has checked it. */
export const jsonSchema = z.any() as z.ZodType<Json, Json>;

export const correlationParams = z.object({ correlationId: correlationIdSchema });

/** A text that fits the short columns of the audit trail. */
export const shortText = text
  .min(1, 'must not be empty; leave it out to have none')
  .max(255)
  .regex(/[^ ]|^$/, 'must not be blank')
  .regex(/^[\x20-\x7e]*$/, 'must be printable ASCII');

/** A process key in a query, in any script; the engine's names have at most 255 characters. */
export const processKeyFilter = text
  .min(1, 'must not be empty; leave it out to have all')
  .max(255)
  .regex(/^\P{Cc}*$/u, 'must not hold control characters');

/** The engine's column for the names of variables. */
const MAX_NAME = 255;

/** Variables that a caller sends; the names that the service sets itself are refused. */
export const variablesSchema = z
  .record(text, jsonSchema)
  .default({})
  .refine((given) => Object.keys(given).every((name) => name.length <= MAX_NAME), {
    message: `the name of a variable must have at most ${MAX_NAME} characters`,
  })
  .refine((given) => reservedAmong(Object.keys(given)).length === 0, {
    message: `must not set ${RESERVED_VARIABLES.join(', ')}: the service sets them`,
  })
  .meta({ propertyNames: { not: { enum: RESERVED_VARIABLES } } });

const errorSchema = z.object({
  kind: z.enum(['business', 'technical', 'cancelled']),
  code: text,
  message: text,
  step: text.nullable(),
});

export const resultSchema = z
  .object({ status: z.literal('ok'), correlationId: text, result: z.any() })
  .meta({
    id: 'Result',
    examples: [{ status: 'ok', correlationId: 'order-4711', result: { message: 'Welcome, Ada' } }],
  });

export const pendingSchema = z
  .object({
    status: z.literal('pending'),
    correlationId: text,
    statusUrl: text,
    startAt: time.optional().describe('The time for which it waits before it begins'),
  })
  .meta({
    id: 'Pending',
    examples: [
      {
        status: 'pending',
        correlationId: 'order-4711',
        statusUrl: '/api/process/status/order-4711',
      },
    ],
  });

const PROCESS = {
  correlationId: 'order-4711',
  processKey: 'onboard-user',
  status: 'ok' as const,
  result: { message: 'Welcome, Ada' },
  currentStep: 'prepare-response',
  processInstanceId: '3f0c3a52-6f5c-4c0e-9d43-1d2a5b7c9e10',
  startedAt: '2026-01-31T12:00:00.000Z',
  updatedAt: '2026-01-31T12:00:00.120Z',
  completedAt: '2026-01-31T12:00:00.120Z',
  version: 7,
  statusUrl: '/api/process/status/order-4711',
};

/** The answer to `?at=3`. */
const PAST_PROCESS = {
  correlationId: 'order-4711',
  processKey: 'onboard-user',
  status: 'pending' as const,
  currentStep: 'validate-user-information',
  processInstanceId: '3f0c3a52-6f5c-4c0e-9d43-1d2a5b7c9e10',
  startedAt: '2026-01-31T12:00:00.000Z',
  updatedAt: '2026-01-31T12:00:00.040Z',
  completedAt: null,
  version: 3,
  at: 3,
  statusUrl: '/api/process/status/order-4711',
};

/** Missing from live processes, so that nothing changes for most callers. */
export const archivedFlag = z
  .literal(true)
  .optional()
  .describe('Present when the process is archived');

export const erasedFlag = z
  .literal(true)
  .optional()
  .describe('Present when personal data in it was erased; it reads as "[erased]"');

export const processSchema = z
  .object({
    correlationId: text,
    processKey: text,
    status: z.enum(['pending', 'ok', 'error']),
    result: z.any().optional(),
    error: errorSchema.optional(),
    currentStep: text.nullable(),
    processInstanceId: text.nullable(),
    startAt: time
      .optional()
      .describe('While it waits for this time to begin; then it is `startedAt`'),
    startedAt: time.describe('When it was accepted, or the later `startAt` of its request'),
    updatedAt: time,
    completedAt: time.nullable(),
    version: integer,
    archived: archivedFlag,
    erased: erasedFlag,
    at: z.union([integer, text]).optional().describe('With `?at=`: the requested version or time'),
    statusUrl: text,
  })
  .meta({
    id: 'Process',
    examples: [PROCESS, PAST_PROCESS],
  });

export const processPageSchema = z
  .object({ processes: z.array(processSchema), nextCursor: text.nullable() })
  .meta({ examples: [{ processes: [PROCESS], nextCursor: null }] });

/** The body of a command that may give a reason. */
export function reasonBody(byDefault: string, example: string) {
  return z
    .strictObject({ reason: text.min(1).max(4_000).default(byDefault) })
    .nullish()
    .meta({ examples: [{ reason: example }] });
}

/** Of the commands that end a process. */
export const endResponses = {
  200: processSchema.describe('The process as it ended'),
  404: problem('No such process was ever accepted'),
  409: problem('The process has already ended in another way'),
  503: problem('The database cannot be reached; nothing was written'),
};
