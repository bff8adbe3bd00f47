import { z } from 'zod';
import type { FedEvent } from '../../../domain/feed/index.ts';
import { EVENT_TYPES, publicEvent } from '../../../domain/process/index.ts';
import { integer, optionalText, text, time } from './fields.ts';
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
    httpMethod: optionalText,
    endpoint: optionalText,
    httpStatusCode: integer.optional(),
    targetSystem: optionalText,
    executionTime: z.number().optional().describe('In milliseconds'),
    result: optionalText,
  })
  .describe('The call that a step made, for the audit trail');

const identitySchema = z
  .object({
    batchId: optionalText,
    traceabilityId: optionalText,
    applicationId: optionalText,
    originatingSystem: optionalText,
    identifiers: jsonSchema.optional().describe('Business identifiers, by their names'),
    traceparent: optionalText,
    tracestate: optionalText,
  })
  .describe('The identity of the process, from its start');

const eventSchema = z
  .object({
    id: text,
    correlationId: text,
    version: integer,
    type: z.enum(EVENT_TYPES),
    processKey: text,
    step: z.object({ name: text, number: integer }).optional(),
    data: z.record(text, jsonSchema).describe('Depends on the type of the event'),
    audit: auditSchema,
    actor: optionalText.describe(
      'Who caused it: the name of the API key, the subject of the token, or `local` without access control; missing when no caller did',
    ),
    identity: identitySchema,
    createdAt: time,
    archived: archivedFlag,
    erased: erasedFlag,
  })
  .meta({ id: 'Event', examples: [EVENT] });

export const eventsSchema = z
  .object({
    correlationId: text,
    archived: archivedFlag,
    events: z.array(eventSchema),
  })
  .meta({ examples: [{ correlationId: 'order-4711', events: [EVENT] }] });

export const tracePageSchema = z
  .object({
    traceabilityId: text,
    events: z.array(eventSchema),
    nextCursor: text.nullable(),
  })
  .meta({
    examples: [
      { traceabilityId: '0af7651916cd43dd8448eb211c80319c', events: [EVENT], nextCursor: null },
    ],
  });

const FED_EVENT = { ...EVENT, position: '1042' };

const fedEventSchema = eventSchema
  .extend({ position: text.describe('Position in the feed, a rising whole number') })
  .meta({ id: 'FedEvent', examples: [FED_EVENT] });

export const feedPageSchema = z
  .object({
    events: z.array(fedEventSchema),
    nextCursor: text.describe('Always present: resumes after the events that were read'),
    atEnd: z.boolean().describe('True when there was nothing more at that time'),
  })
  .meta({
    examples: [{ events: [FED_EVENT], nextCursor: 'eyJmZWVkIjoiMTA0MiIsIm…', atEnd: true }],
  });

/** Converts an event of the feed to its public form. */
export function fedEvent({ position, event }: FedEvent): z.infer<typeof fedEventSchema> {
  return { ...publicEvent(event), position };
}
