import { z } from 'zod';
import {
  EXPORT_FORMATS,
  type ExportFormat,
} from '../../../../infrastructure/files/export-formats.ts';
import { problem } from '../../answers/problems.ts';
import { LATEST } from '../../feed/cursor.ts';
import { EXPORT_TYPES } from '../../feed/exports.ts';
import { feedFilterFields } from '../../feed/filter.ts';
import type { ServerParts } from '../../parts/server-parts.ts';
import { isForwards, wholeNumber } from '../../queries/parameters.ts';
import { searchQueryOf } from '../../queries/search.ts';
import { feedPageSchema } from '../../schemas/event.ts';
import { optionalText, text } from '../../schemas/fields.ts';
import { EVENT_STREAM_CONTENT } from '../../streaming/event-streams.ts';

/** Events of a page. */
export const DEFAULT_PAGE = 200;
export const MAX_PAGE = 1_000;

const querystringOf = (definitions: ServerParts['definitions']) =>
  searchQueryOf(
    {
      ...feedFilterFields,
      limit: wholeNumber(1)
        .optional()
        .describe(
          `Maximum number of events: in a page up to ${MAX_PAGE} (default ${DEFAULT_PAGE}), in an export any (default all)`,
        ),
      format: z
        .enum(['json', ...EXPORT_FORMATS])
        .optional()
        .describe('Instead of `Accept`, for clients that cannot set headers'),
      cursor: text
        .max(2_000)
        .optional()
        .describe(
          `\`nextCursor\` of the previous page; \`${LATEST}\`: only events that are written from now on`,
        ),
    },
    definitions,
    'The code of a failed step, or of the error that a process ended with',
  ).refine(...isForwards);

const EXAMPLES: Readonly<Record<ExportFormat, string>> = {
  ndjson: '{"id":"1042","correlationId":"order-4711","version":4,"type":"step-completed"…}\n',
  csv: 'id,correlation_id,version,event_type,…\r\n1042,order-4711,4,step-completed,…\r\n',
  parquet: 'PAR1…',
};
const EXPORT_CONTENT = Object.fromEntries(
  EXPORT_FORMATS.map((format) => [
    EXPORT_TYPES[format].split(';')[0],
    { schema: text.meta({ examples: [EXAMPLES[format]] }) },
  ]),
);

export const feedSchemaOf = (definitions: ServerParts['definitions']) => ({
  operationId: 'readEventFeed',
  summary: 'Read the event feed: all events in commit order',
  description:
    'Send `nextCursor` back as `cursor` to get every event once. With `Prefer: wait=N` an empty page waits up to N seconds for events. With `Accept: text/event-stream` the answer is a stream of events as they happen, each with the cursor after it as its id; `Last-Event-ID` resumes there. With `Accept: application/x-ndjson`, `text/csv` or `application/vnd.apache.parquet`, or with `format`, the answer is an export of all events up to now, with personal data encrypted.',
  tags: ['events'],
  headers: z.object({
    accept: optionalText,
    prefer: optionalText.describe('`wait=N` seconds (RFC 7240)'),
    'last-event-id': text.max(2_000).optional(),
  }),
  querystring: querystringOf(definitions),
  response: {
    200: {
      description:
        'A page of events, empty when there are no more yet; or a stream of events; or an export',
      content: {
        'application/json': { schema: feedPageSchema },
        ...EVENT_STREAM_CONTENT,
        ...EXPORT_CONTENT,
      },
    },
    406: problem('`Accept` allows none of the available types'),
    503: problem('The database cannot be reached, or too many callers wait, follow or export'),
  },
});
