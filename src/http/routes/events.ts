import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { EventStore } from '../../../domain/ports.ts';
import type { Waitroom } from '../../../infrastructure/memory/waitroom.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { followStream } from '../follow-stream.ts';
import { problemSchema, sendProblem } from '../problems.ts';
import { correlationParams, eventSchema, eventsSchema, publicEvent } from '../schemas.ts';

const traceCursor = z.object({ afterId: z.string().regex(/^\d{1,19}$/) });

/** `GET /api/process/:correlationId/events` and `GET /api/event-log/:traceabilityId`. */
export const eventRoutes: FastifyPluginAsyncZod<{
  eventStore: EventStore;
  waitroom: Waitroom;
}> = async (app, { eventStore, waitroom }) => {
  app.get(
    '/api/process/:correlationId/events',
    {
      schema: {
        summary: 'Audit trail of a process',
        description:
          'With `Accept: text/event-stream` the events come as they happen, until the process has ended; `Last-Event-ID` goes on after that version.',
        tags: ['events'],
        params: correlationParams,
        headers: z.object({
          accept: z.string().max(500).optional(),
          'last-event-id': z
            .string()
            .regex(/^\d{1,9}$/, 'must be the version of an event')
            .optional(),
        }),
        querystring: z.strictObject({
          afterVersion: z.coerce.number().int().min(0).default(0),
        }),
        response: { 200: eventsSchema, 400: problemSchema, 404: problemSchema },
      },
    },
    async (request, reply) => {
      const { correlationId } = request.params;
      const { headers } = request;
      const afterVersion = Number(headers['last-event-id'] ?? request.query.afterVersion);
      const events = await eventStore.readStream(correlationId, { afterVersion });
      if (events.length === 0 && !(await eventStore.readStream(correlationId, { limit: 1 }))[0]) {
        return sendProblem(
          reply,
          'not-found',
          `No process with the correlation id "${correlationId}" was ever accepted.`,
          { correlationId },
        );
      }
      if (headers.accept?.includes('text/event-stream')) {
        followStream({ request, reply, correlationId, afterVersion, eventStore, waitroom });
        return reply;
      }
      return reply.send({ correlationId, events: events.map(publicEvent) });
    },
  );

  app.get(
    '/api/event-log/:traceabilityId',
    {
      schema: {
        summary: 'Events of a trace, over all its processes',
        tags: ['events'],
        params: z.object({ traceabilityId: z.string().min(1).max(255) }),
        querystring: z.strictObject({
          limit: z.coerce.number().int().min(1).max(1_000).default(200),
          cursor: z.string().max(2_000).optional(),
        }),
        response: {
          200: z.object({
            traceabilityId: z.string(),
            events: z.array(eventSchema),
            nextCursor: z.string().nullable(),
          }),
          400: problemSchema,
          404: problemSchema,
        },
      },
    },
    async (request, reply) => {
      const { traceabilityId } = request.params;
      const { limit, cursor } = request.query;
      const after = cursor === undefined ? undefined : decodeCursor(cursor, traceCursor);
      if (after === null) {
        return sendProblem(reply, 'invalid-request', 'querystring.cursor: is not one of ours');
      }
      const rows = await eventStore.findByTrace(traceabilityId, { ...after, limit: limit + 1 });
      if (rows.length === 0 && !after) {
        return sendProblem(
          reply,
          'not-found',
          `No event has the traceability id "${traceabilityId}".`,
        );
      }
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      return reply.send({
        traceabilityId,
        events: page.map(publicEvent),
        nextCursor: last && rows.length > limit ? encodeCursor({ afterId: last.id }) : null,
      });
    },
  );
};
