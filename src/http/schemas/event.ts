import { z } from 'zod';
import type { FedEvent } from '../../../domain/feed/index.ts';
import { EVENT_TYPES, publicEvent } from '../../../domain/process/index.ts';
import { archivedFlag, erasedFlag, jsonSchema } from './process.ts';

const EVENT = {
  id: '1042',
  correlationId: 'order-4711',
  version: 4,
  type: 'step-completed' as const,
  processKey: 'onboard-user',
  step: { name: 'run-background-check', number: 2 },
  data: {
    taskId: '8d1f…',
    attempt: 1,
    input: { userId: '42', normalizedEmail: 'ada@example.com' },
    output: { backgroundScore: 71 },
  },
  audit: {
    httpMethod: 'POST',
    endpoint: 'http://127.0.0.1:4010/background-checks',
    httpStatusCode: 200,
    targetSystem: 'BackgroundCheck',
    executionTime: 12,
    result: 'Background check passed',
  },
  identity: { traceabilityId: '0af7651916cd43dd8448eb211c80319c', identifiers: { userId: '42' } },
  createdAt: '2026-01-31T12:00:00.080Z',
};

const auditSchema = z
  .object({
    httpMethod: z.string().optional(),
    endpoint: z.string().optional(),
    httpStatusCode: z.number().int().optional(),
    targetSystem: z.string().optional(),
    executionTime: z.number().optional().describe('In milliseconds'),
    result: z.string().optional(),
  })
  .describe('The call that a step made, for the audit trail');

const identitySchema = z
  .object({
    batchId: z.string().optional(),
    traceabilityId: z.string().optional(),
    applicationId: z.string().optional(),
    originatingSystem: z.string().optional(),
    identifiers: jsonSchema.optional().describe('Business identifiers, by their names'),
    traceparent: z.string().optional(),
    tracestate: z.string().optional(),
  })
  .describe('The identity of the process, from its start');

const eventSchema = z
  .object({
    id: z.string(),
    correlationId: z.string(),
    version: z.number().int(),
    type: z.enum(EVENT_TYPES),
    processKey: z.string(),
    step: z.object({ name: z.string(), number: z.number().int() }).optional(),
    data: z.record(z.string(), jsonSchema).describe('Depends on the type of the event'),
    audit: auditSchema,
    actor: z
      .string()
      .optional()
      .describe(
        'Who caused it: the name of the API key, the subject of the token, or `local` without access control; missing when no caller did',
      ),
    identity: identitySchema,
    createdAt: z.iso.datetime(),
    archived: archivedFlag,
    erased: erasedFlag,
  })
  .meta({ id: 'Event', examples: [EVENT] });

export const eventsSchema = z
  .object({
    correlationId: z.string(),
    archived: archivedFlag,
    events: z.array(eventSchema),
  })
  .meta({ examples: [{ correlationId: 'order-4711', events: [EVENT] }] });

export const tracePageSchema = z
  .object({
    traceabilityId: z.string(),
    events: z.array(eventSchema),
    nextCursor: z.string().nullable(),
  })
  .meta({
    examples: [
      { traceabilityId: '0af7651916cd43dd8448eb211c80319c', events: [EVENT], nextCursor: null },
    ],
  });

const FED_EVENT = { ...EVENT, position: '1042' };

const fedEventSchema = eventSchema
  .extend({ position: z.string().describe('Position in the feed, a rising whole number') })
  .meta({ id: 'FedEvent', examples: [FED_EVENT] });

export const feedPageSchema = z
  .object({
    events: z.array(fedEventSchema),
    nextCursor: z.string().describe('Always present: resumes after the events that were read'),
    atEnd: z.boolean().describe('True when there was nothing more at that time'),
  })
  .meta({
    examples: [{ events: [FED_EVENT], nextCursor: 'eyJmZWVkIjoiMTA0MiIsIm…', atEnd: true }],
  });

/** Converts an event of the feed to its public form. */
export function fedEvent({ position, event }: FedEvent): z.infer<typeof fedEventSchema> {
  return { ...publicEvent(event), position };
}
