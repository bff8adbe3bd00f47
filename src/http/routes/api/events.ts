import type { FastifyReply } from 'fastify';
import type { CallerWait } from '../../../../domain/process/index.ts';
import { sendProblem } from '../../answers/problems.ts';
import { preferred, sendNotAcceptable } from '../../answers/representations.ts';
import { sendOverloaded } from '../../answers/unavailable.ts';
import { feedCursorOf, readFeedCursor } from '../../feed/cursor.ts';
import { createExports, EXPORT_TYPES } from '../../feed/exports.ts';
import { wantedBy } from '../../feed/filter.ts';
import { followFeed } from '../../feed/follow-feed.ts';
import { type FeedReading, readFeedAfterWait } from '../../feed/read-feed.ts';
import type { Route } from '../../parts/route.ts';
import { fedEvent } from '../../schemas/event.ts';
import { createEventStreams } from '../../streaming/event-streams.ts';
import { beginWait } from '../../waiting/caller-wait.ts';
import { DEFAULT_PAGE, feedSchemaOf, MAX_PAGE } from './events.schema.ts';

const REPRESENTATIONS = {
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: EXPORT_TYPES.csv,
  parquet: EXPORT_TYPES.parquet,
  stream: 'text/event-stream; charset=utf-8',
};

/** `GET /api/events`: all events in commit order, as pages, as a stream or as an export. */
export const feedRoute: Route<'store' | 'live' | 'limits' | 'access' | 'definitions'> = async (
  app,
  { store: { eventFeed, feedRows }, live: { feedSignal, followers }, limits, access, definitions },
) => {
  const exports = createExports({ feedRows, access: access.control, max: limits.exportsMax });
  const streams = createEventStreams(access.control, followers);
  // A followed feed never ends by itself, and the server waits for open answers when it closes.
  app.addHook('preClose', async () => {
    streams.close();
    exports.close();
  });

  app.get(
    '/api/events',
    { config: { scope: 'events:read' }, schema: feedSchemaOf(definitions) },
    async (request, reply) => {
      const { headers } = request;
      const { format, cursor, limit, ...filters } = request.query;
      const isHead = request.method === 'HEAD';
      reply.header('Vary', 'Accept');
      const representation = format ?? preferred(headers.accept, REPRESENTATIONS);
      if (!representation) return sendNotAcceptable(reply, REPRESENTATIONS);
      const wanted = wantedBy(filters);
      const lastEventId = representation === 'stream' ? headers['last-event-id'] : undefined;
      const start = await readFeedCursor(eventFeed, lastEventId ?? cursor, wanted);
      if ('wrong' in start) {
        const path = lastEventId === undefined ? 'querystring.cursor' : 'headers.last-event-id';
        return sendProblem(reply, 'invalid-request', `${path}: ${start.wrong}`);
      }
      const { after } = start;
      if (representation !== 'json' && representation !== 'stream') {
        const part = { ...wanted, after, limit };
        return exports.send({ request, reply, format: representation, part });
      }
      const size = limit ?? DEFAULT_PAGE;
      if (size > MAX_PAGE) return sendPageTooLarge(reply);
      if (representation === 'stream') {
        if (isHead) return streams.head(reply);
        const refusal = limits.load.refuseWait();
        if (refusal) return sendOverloaded(reply, refusal);
        const ports = { feed: eventFeed, signal: feedSignal, streams };
        void followFeed({ ...ports, request, reply, wanted, after });
        return reply;
      }
      // A HEAD has nothing to wait for.
      const wait = beginWait(request, reply, isHead ? { ...limits, waitTimeoutMs: 0 } : limits);
      if (!wait) return reply;
      return sendPage({ ...wanted, after, limit: size }, wait, reply);
    },
  );

  async function sendPage(
    reading: FeedReading,
    { ms, hungUp }: CallerWait,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    try {
      const page = await readFeedAfterWait(eventFeed, feedSignal, reading, { ms, hungUp });
      return await reply.send({
        events: page.items.map(fedEvent),
        nextCursor: feedCursorOf(page.lookedTo, reading),
        atEnd: page.atEnd,
      });
    } catch (error) {
      if (!hungUp.aborted) throw error;
      // The caller hung up.
      return reply.hijack();
    }
  }
};

function sendPageTooLarge(reply: FastifyReply): FastifyReply {
  return sendProblem(
    reply,
    'invalid-request',
    `querystring.limit: a page has at most ${MAX_PAGE} events; ask for more pages, or for an export`,
  );
}
