import { z } from 'zod';
import { CALLBACK_EVENTS } from '../../../../../domain/callbacks/index.ts';
import { DAY_MS } from '../../../../../domain/common/index.ts';
import { correlationIdSchema } from '../../../../../domain/process/index.ts';
import { problem } from '../../../answers/problems.ts';
import { zonedTime } from '../../../queries/parameters.ts';
import { columnText, optionalText, text } from '../../../schemas/fields.ts';
import {
  pendingSchema,
  resultSchema,
  shortText,
  variablesSchema,
} from '../../../schemas/process.ts';

/** A year, whichever it is. */
export const MAX_START_AHEAD_MS = 366 * DAY_MS;
const callbackSchema = z
  .strictObject({
    url: text.min(1).max(2_000).describe('A host in CALLBACK_HOSTS'),
    events: z
      .array(z.enum(CALLBACK_EVENTS))
      .min(1)
      .optional()
      .describe('Default: the ends of the process'),
  })
  .describe('Where events of the process are sent to, signed, once they are committed');

export const startBody = z
  .strictObject({
    processKey: columnText,
    correlationId: correlationIdSchema.optional(),
    variables: variablesSchema,
    startAt: zonedTime
      .optional()
      .describe(
        'When to begin: ISO 8601 with `Z` or an offset, at most 366 days ahead; a time that is over begins it at once. The answer is 202 at once',
      ),
    batchId: shortText.optional(),
    traceabilityId: shortText.optional().describe('Default: the trace id of `traceparent`'),
    applicationId: shortText
      .optional()
      .describe('Default: the name of the API key or the subject of the token'),
    originatingSystem: shortText.optional(),
    callback: callbackSchema.optional(),
  })
  .meta({
    examples: [
      { processKey: 'onboard-user', variables: { userId: '42', email: 'ada@example.com' } },
    ],
  });

/** Header names are lower-case in Node. */
const startHeaders = z.object({
  prefer: optionalText.describe('`wait=N` seconds, or `respond-async` (RFC 7240)'),
  'idempotency-key': text.min(1).max(1_000).optional(),
  traceparent: optionalText.describe('W3C trace context; ignored when it is not valid'),
  tracestate: optionalText.describe('Passed on with `traceparent`'),
});

export const startSchema = {
  operationId: 'startProcess',
  summary: 'Start a process and wait for its result',
  tags: ['process'],
  headers: startHeaders,
  body: startBody,
  response: {
    200: resultSchema.describe('The process completed'),
    202: pendingSchema.describe(
      'Accepted; the process has not ended within the time to wait, or waits for its `startAt`',
    ),
    400: problem('The request or its variables are not valid; nothing was written'),
    404: problem('No process definition has this key'),
    409: problem('The correlation id or idempotency key belongs to a different request'),
    422: problem('The process ended in a business error'),
    502: problem('The process ended in a technical failure'),
    503: problem(
      'The database cannot be reached, or the service is overloaded; nothing was written',
    ),
  },
};
