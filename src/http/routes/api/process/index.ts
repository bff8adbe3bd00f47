import { z } from 'zod';
import { PAGE_BYTES } from '../../../answers/answer-bytes.ts';
import { publicProcess } from '../../../answers/process-answers.ts';
import type { Route } from '../../../parts/route.ts';
import type { ServerParts } from '../../../parts/server-parts.ts';
import { cursorParameter, encodeCursor } from '../../../queries/cursor.ts';
import { isForwards, timeParameter, wholeNumber } from '../../../queries/parameters.ts';
import { searchQueryOf } from '../../../queries/search.ts';
import { columnText, text, time } from '../../../schemas/fields.ts';
import { processPageSchema } from '../../../schemas/process.ts';

const listCursor = z.object({ updatedAt: time, correlationId: text });

const PARTITIONS = { include: 'both', exclude: 'live', only: 'archived' } as const;

const schemaOf = (definitions: ServerParts['definitions']) => ({
  operationId: 'listProcesses',
  summary: 'List processes, the last changed first',
  tags: ['process'],
  querystring: searchQueryOf(
    {
      status: z.enum(['pending', 'ok', 'error']).optional(),
      process: columnText.optional().describe('Process key'),
      step: columnText.optional().describe('Current step'),
      from: timeParameter.optional().describe('Changed at or after'),
      to: timeParameter.optional().describe('Changed before'),
      archive: z
        .enum(['include', 'exclude', 'only'])
        .default('exclude')
        .describe('Whether to include archived processes, or to list only those'),
      limit: wholeNumber(1, 1_000, 50),
      cursor: cursorParameter(listCursor),
    },
    definitions,
    'The code of the error that a process ended with',
  ).refine(...isForwards),
  response: { 200: processPageSchema.describe('A page of the list') },
});

/** `GET /api/process`. */
export const processListRoute: Route<'store' | 'definitions'> = async (
  app,
  { store: { processStore }, definitions },
) => {
  const schema = schemaOf(definitions);
  app.get('/api/process', { config: { scope: 'process:read' }, schema }, async ({ query }) => {
    const { status, process, step, from, to, limit, cursor, archive, errorCode, identifier } =
      query;
    const partitions = PARTITIONS[archive];
    const filter = {
      ...{ status, processName: process, currentStep: step, from, to, partitions },
      ...{ errorCode, identifiers: identifier },
    };
    const size = { limit, maxBytes: PAGE_BYTES };
    const { items, atEnd } = await processStore.list(filter, size, cursor);
    const last = items.at(-1);
    return {
      processes: items.map(publicProcess),
      nextCursor:
        last && !atEnd
          ? encodeCursor({ updatedAt: last.updatedAt, correlationId: last.correlationId })
          : null,
    };
  });
};
