import { z } from 'zod';
import { EVENT_TYPES, type StoredEvent } from '../../domain/events.ts';
import { RESERVED_VARIABLES } from '../use-cases/start-process.ts';

/**
 * Visible ASCII without spaces: the columns are VARCHAR, and SQL Server ignores trailing spaces in
 * comparisons, so two different ids could otherwise be one.
 */
export const correlationIdSchema = z
  .string()
  .min(1, 'must not be empty')
  .max(255, 'must have at most 255 characters')
  .regex(/^[\x21-\x7e]*$/, 'must be visible ASCII characters, without spaces or control characters')
  .describe('Your id of the process; also its business key in the engine');

export const correlationParams = z.object({ correlationId: correlationIdSchema });

const shortText = z
  .string()
  .max(255)
  .regex(/^[\x20-\x7e]*$/, 'must be printable ASCII');

export const startBody = z
  .strictObject({
    processKey: z.string().min(1).max(255),
    correlationId: correlationIdSchema.optional(),
    variables: z
      .record(z.string(), z.json())
      .default({})
      .refine((given) => !RESERVED_VARIABLES.some((name) => name in given), {
        message: `must not set ${RESERVED_VARIABLES.join(', ')}: the service does`,
      }),
    batchId: shortText.optional(),
    traceabilityId: shortText.optional().describe('Left out: the trace id of `traceparent`'),
    applicationId: shortText.optional(),
    originatingSystem: shortText.optional(),
  })
  .meta({
    examples: [
      { processKey: 'onboard-user', variables: { userId: '42', email: 'ada@example.com' } },
    ],
  });

/** Header names are lower-case in Node. */
export const startHeaders = z.object({
  prefer: z
    .string()
    .max(500)
    .optional()
    .describe('`wait=N` seconds, or `respond-async` (RFC 7240)'),
  'idempotency-key': z.string().min(1).max(1_000).optional(),
  traceparent: z.string().max(100).optional().describe('W3C trace context'),
});

const errorSchema = z.object({
  kind: z.enum(['business', 'technical', 'cancelled']),
  code: z.string(),
  message: z.string(),
  step: z.string().nullable(),
});

export const resultSchema = z
  .object({ status: z.literal('ok'), correlationId: z.string(), result: z.any() })
  .meta({
    id: 'Result',
    examples: [{ status: 'ok', correlationId: 'order-4711', result: { message: 'Welcome, Ada' } }],
  });

export const pendingSchema = z
  .object({ status: z.literal('pending'), correlationId: z.string(), statusUrl: z.string() })
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

export const processSchema = z
  .object({
    correlationId: z.string(),
    processKey: z.string(),
    status: z.enum(['pending', 'ok', 'error']),
    result: z.any().optional(),
    error: errorSchema.optional(),
    currentStep: z.string().nullable(),
    processInstanceId: z.string().nullable(),
    startedAt: z.string(),
    updatedAt: z.string(),
    completedAt: z.string().nullable(),
    version: z.number().int(),
    statusUrl: z.string(),
  })
  .meta({
    id: 'Process',
    examples: [
      {
        correlationId: 'order-4711',
        processKey: 'onboard-user',
        status: 'ok',
        result: { message: 'Welcome, Ada' },
        currentStep: 'prepare-response',
        processInstanceId: '3f0c…',
        startedAt: '2026-01-31T12:00:00.000Z',
        updatedAt: '2026-01-31T12:00:00.120Z',
        completedAt: '2026-01-31T12:00:00.120Z',
        version: 7,
        statusUrl: '/api/process/status/order-4711',
      },
    ],
  });

export const eventSchema = z
  .object({
    id: z.string(),
    correlationId: z.string(),
    version: z.number().int(),
    type: z.enum(EVENT_TYPES),
    processKey: z.string(),
    step: z.object({ name: z.string(), number: z.number().int() }).optional(),
    data: z.any(),
    audit: z.any(),
    identity: z.any(),
    createdAt: z.string(),
  })
  .meta({ id: 'Event' });

export const eventsSchema = z.object({
  correlationId: z.string(),
  events: z.array(eventSchema),
});

/** An event as callers see it: without the keys that only the service uses. */
export function publicEvent(event: StoredEvent): z.infer<typeof eventSchema> {
  return {
    id: event.id,
    correlationId: event.correlationId,
    version: event.version,
    type: event.type,
    processKey: event.processName,
    ...('step' in event ? { step: event.step } : {}),
    data: event.data,
    audit: event.audit,
    identity: event.identity,
    createdAt: event.createdAt,
  };
}
