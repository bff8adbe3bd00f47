import { z } from 'zod';
import { PAGE_BYTES } from '../../../answers/answer-bytes.ts';
import { publicProcess } from '../../../answers/process-answers.ts';
import type { Route } from '../../../parts/route.ts';
import { cursorParameter, encodeCursor } from '../../../queries/cursor.ts';
import { isForwards, queryOf, timeParameter, wholeNumber } from '../../../queries/parameters.ts';
import { columnText, text, time } from '../../../schemas/fields.ts';
import { processPageSchema } from '../../../schemas/process.ts';

const listCursor = z.object({ updatedAt: time, correlationId: text });

const PARTITIONS = { include: 'both', exclude: 'live', only: 'archived' } as const;

const schema = {
  operationId: 'listProcesses',
  summary: 'List processes, the last changed first',
  tags: ['process'],
  querystring: queryOf({
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
  }).refine(...isForwards),
  response: { 200: processPageSchema.describe('A page of the list') },
};

/** `GET /api/process`. */
export const processListRoute: Route<'store'> = async (app, { store: { processStore } }) => {
  app.get('/api/process', { config: { scope: 'process:read' }, schema }, async ({ query }) => {
    const { status, process, step, from, to, limit, cursor, archive } = query;
    const partitions = PARTITIONS[archive];
    const filter = { status, processName: process, currentStep: step, from, to, partitions };
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
