import { z } from 'zod';
import { publicEvent } from '../../../../domain/process/index.ts';
import { PAGE_BYTES } from '../../answers/answer-bytes.ts';
import { problem, sendProblem } from '../../answers/problems.ts';
import type { Route } from '../../parts/route.ts';
import { cursorParameter, encodeCursor } from '../../queries/cursor.ts';
import { queryOf, wholeNumber } from '../../queries/parameters.ts';
import { tracePageSchema } from '../../schemas/event.ts';
import { columnText, text } from '../../schemas/fields.ts';

const traceCursor = z.object({ afterId: text.regex(/^\d{1,19}$/) });

const schema = {
  operationId: 'listTraceEvents',
  summary: 'List the events of a trace, from all its processes',
  tags: ['events'],
  params: z.object({ traceabilityId: columnText }),
  querystring: queryOf({
    limit: wholeNumber(1, 1_000, 200),
    cursor: cursorParameter(traceCursor),
  }),
  response: {
    200: tracePageSchema.describe('A page of events, in the order they were written'),
    404: problem('No event has this id'),
  },
};

/** `GET /api/event-log/:traceabilityId`. */
export const eventLogRoute: Route<'store'> = async (app, { store: { eventStore } }) => {
  app.get(
    '/api/event-log/:traceabilityId',
    { config: { scope: 'events:read' }, schema },
    async (request, reply) => {
      const { traceabilityId } = request.params;
      const { limit, cursor } = request.query;
      const size = { limit, maxBytes: PAGE_BYTES };
      const { items, atEnd } = await eventStore.findByTrace(traceabilityId, { ...cursor, ...size });
      if (items.length === 0 && !cursor) {
        return sendProblem(
          reply,
          'not-found',
          `No event has the traceability id "${traceabilityId}".`,
        );
      }
      const last = items.at(-1);
      return {
        traceabilityId,
        events: items.map(publicEvent),
        nextCursor: last && !atEnd ? encodeCursor({ afterId: last.id }) : null,
      };
    },
  );
};
