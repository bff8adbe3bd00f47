import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { LogIds } from '../../../domain/common/index.ts';
import {
  type EventStore,
  foldStream,
  isEnded,
  publicEvent,
  type Waitroom,
} from '../../../domain/process/index.ts';
import type { Access } from '../../access/access.ts';
import { PAGE_BYTES } from '../answers/answer-bytes.ts';
import { problem, sendOverloaded, sendProblem } from '../answers/problems.ts';
import { sendNeverSeen } from '../answers/process-answers.ts';
import { preferred, sendNotAcceptable } from '../answers/representations.ts';
import { decodeCursor, encodeCursor } from '../queries/cursor.ts';
import { queryOf, wholeNumber } from '../queries/parameters.ts';
import { eventsSchema, tracePageSchema } from '../schemas/event.ts';
import { correlationParams } from '../schemas/process.ts';
import { createEventStreams, EVENT_STREAM_CONTENT } from '../streaming/event-streams.ts';
import { createStreamFollower } from '../streaming/follow-process.ts';
import type { Readers } from '../streaming/reader-pace.ts';
import { sendTrail } from '../streaming/send-trail.ts';
import type { LoadLimits } from '../waiting/load-limits.ts';

const REPRESENTATIONS = {
  json: 'application/json; charset=utf-8',
  stream: 'text/event-stream; charset=utf-8',
};

const traceCursor = z.object({ afterId: z.string().regex(/^\d{1,19}$/) });

/** `GET /api/process/:correlationId/events` and `GET /api/event-log/:traceabilityId`. */
export const eventRoutes: FastifyPluginAsyncZod<{
  eventStore: EventStore;
  waitroom: Waitroom;
  idsOf?: ((correlationId: string) => LogIds) | undefined;
  access: Access;
  limits: LoadLimits;
  followers: Readers;
}> = async (
  app,
  {
    eventStore,
    waitroom,
    access,
    limits,
    followers,
    idsOf = (correlationId: string) => ({ correlationId }),
  },
) => {
  const streams = createEventStreams(access, followers);
  const follower = createStreamFollower({ eventStore, waitroom, idsOf, streams });
  // A followed stream has no end of its own, and the server's close waits for open answers.
  app.addHook('preClose', async () => streams.close());

  app.get(
    '/api/process/:correlationId/events',
    {
      config: { scope: 'events:read' },
      schema: {
        operationId: 'listProcessEvents',
        summary: 'Audit trail of a process',
        description:
          'With `Accept: text/event-stream` the events come as they happen, until the process has ended; `Last-Event-ID` goes on after that version, and 204 says that nothing follows any more.',
        tags: ['events'],
        params: correlationParams,
        headers: z.object({
          accept: z.string().optional(),
          'last-event-id': z
            .string()
            .regex(/^\d{1,9}$/, 'must be the version of an event')
            .optional(),
        }),
        querystring: queryOf({
          afterVersion: wholeNumber(0, undefined, 0),
        }),
        response: {
          200: {
            description: 'The events of the process, in order; or as they come',
            content: { 'application/json': { schema: eventsSchema }, ...EVENT_STREAM_CONTENT },
          },
          204: z
            .null()
            .describe('As event stream: the process has ended and you have all its events'),
          404: problem('No such process was ever accepted'),
          406: problem('`Accept` takes neither JSON nor an event stream'),
          503: problem('The database cannot be reached, or too many callers follow'),
        },
      },
    },
    async (request, reply) => {
      const { correlationId } = request.params;
      const { headers } = request;
      reply.header('Vary', 'Accept');
      const representation = preferred(headers.accept, REPRESENTATIONS);
      if (!representation) return sendNotAcceptable(reply, REPRESENTATIONS);
      const afterVersion = Number(headers['last-event-id'] ?? request.query.afterVersion);
      if (representation === 'stream') {
        const state = await foldStream(eventStore, correlationId);
        if (!state) return sendNeverSeen(reply, correlationId);
        const ended = isEnded(state);
        // 204 keeps a browser, which would connect again after every end, from doing so.
        if (ended && state.version <= afterVersion) return reply.code(204).send(null);
        if (request.method === 'HEAD') return streams.head(reply);
        const refusal = ended ? null : limits.refuseWait();
        if (refusal) return sendOverloaded(reply, refusal);
        follower.follow({ request, reply, correlationId, afterVersion, ended });
        return reply;
      }
      return sendTrail(request, reply, { eventStore, correlationId, afterVersion });
    },
  );

  app.get(
    '/api/event-log/:traceabilityId',
    {
      config: { scope: 'events:read' },
      schema: {
        operationId: 'listTraceEvents',
        summary: 'Events of a trace, over all its processes',
        tags: ['events'],
        params: z.object({ traceabilityId: z.string().min(1).max(255) }),
        querystring: queryOf({
          limit: wholeNumber(1, 1_000, 200),
          cursor: z.string().max(2_000).optional().describe('`nextCursor` of the page before'),
        }),
        response: {
          200: tracePageSchema.describe('A page of events, in the order they were written'),
          404: problem('No event has this id'),
        },
      },
    },
    async (request, reply) => {
      const { traceabilityId } = request.params;
      const { limit, cursor } = request.query;
      const after = cursor === undefined ? undefined : decodeCursor(cursor, traceCursor);
      if (after === null) {
        return sendProblem(
          reply,
          'invalid-request',
          'querystring.cursor: is not one of ours; use nextCursor of an earlier page, or leave it out to begin anew',
        );
      }
      const size = { limit, maxBytes: PAGE_BYTES };
      const { items, atEnd } = await eventStore.findByTrace(traceabilityId, { ...after, ...size });
      if (items.length === 0 && !after) {
        return sendProblem(
          reply,
          'not-found',
          `No event has the traceability id "${traceabilityId}".`,
        );
      }
      const last = items.at(-1);
      return reply.send({
        traceabilityId,
        events: items.map(publicEvent),
        nextCursor: last && !atEnd ? encodeCursor({ afterId: last.id }) : null,
      });
    },
  );
};
