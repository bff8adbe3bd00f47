import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { EventFeed, FeedSignal } from '../../../domain/feed/index.ts';
import { EXPORT_FORMATS, type ExportFormat } from '../../../infrastructure/files/export-formats.ts';
import type { Access } from '../../access/access.ts';
import { problem, sendOverloaded, sendProblem } from '../answers/problems.ts';
import { preferred, sendNotAcceptable } from '../answers/representations.ts';
import { feedCursorOf, LATEST, placeInFeed } from '../feed/cursor.ts';
import { createExports, EXPORT_TYPES, type ExportedRows } from '../feed/exports.ts';
import { feedFilterFields, wantedBy } from '../feed/filter.ts';
import { followFeed } from '../feed/follow-feed.ts';
import { type FeedReading, readFeed } from '../feed/read-feed.ts';
import { isForwards, queryOf, wholeNumber } from '../queries/parameters.ts';
import { fedEvent, feedPageSchema } from '../schemas/event.ts';
import { createEventStreams, EVENT_STREAM_CONTENT } from '../streaming/event-streams.ts';
import type { Readers } from '../streaming/reader-pace.ts';
import type { LoadLimits } from '../waiting/load-limits.ts';
import { preferredWait } from '../waiting/prefer.ts';

const REPRESENTATIONS = {
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: EXPORT_TYPES.csv,
  parquet: EXPORT_TYPES.parquet,
  stream: 'text/event-stream; charset=utf-8',
};

/** Events of a page, by default and at most. */
const PAGE = 200;
const MOST = 1_000;

const feedQuery = queryOf({
  ...feedFilterFields,
  limit: wholeNumber(1)
    .optional()
    .describe(
      `Events at most: in a page up to ${MOST}, left out ${PAGE}; in an export left out all`,
    ),
  format: z
    .enum(['json', ...EXPORT_FORMATS])
    .optional()
    .describe('Instead of `Accept`, for who can set no header'),
  cursor: z
    .string()
    .max(2_000)
    .optional()
    .describe(`\`nextCursor\` of the page before; \`${LATEST}\`: what is written from now on`),
}).refine(...isForwards);

const BEGINNINGS: Readonly<Record<ExportFormat, string>> = {
  ndjson: '{"id":"1042","correlationId":"order-4711","version":4,"type":"step-completed"…}\n',
  csv: 'id,correlation_id,version,event_type,…\r\n1042,order-4711,4,step-completed,…\r\n',
  parquet: 'PAR1…',
};
const EXPORT_CONTENT = Object.fromEntries(
  EXPORT_FORMATS.map((format) => [
    EXPORT_TYPES[format].split(';')[0],
    { schema: z.string().meta({ examples: [BEGINNINGS[format]] }) },
  ]),
);

/** `GET /api/events`: all events in the order of their commits, by the page or as they come. */
export const feedRoutes: FastifyPluginAsyncZod<{
  /** Opens what is sealed. */
  eventFeed: EventFeed;
  feedRows: ExportedRows;
  exportsMax: number;
  feedSignal: FeedSignal;
  access: Access;
  limits: LoadLimits;
  followers: Readers;
  waitTimeoutMs: number;
}> = async (app, options) => {
  const { eventFeed, feedRows, exportsMax, feedSignal, access, limits, waitTimeoutMs } = options;
  const exports = createExports({ feedRows, access, max: exportsMax });
  const streams = createEventStreams(access, options.followers);
  // A followed feed has no end of its own, and the server's close waits for open answers.
  app.addHook('preClose', async () => {
    streams.close();
    exports.close();
  });

  app.get(
    '/api/events',
    {
      config: { scope: 'events:read' },
      schema: {
        operationId: 'readEventFeed',
        summary: 'The event feed: all events in the order they were committed',
        description:
          'Send `nextCursor` back as `cursor` and you get every event once. With `Prefer: wait=N` an empty page waits up to N seconds for events. With `Accept: text/event-stream` they come as they happen, each with the cursor behind it as its id; `Last-Event-ID` goes on there. With `Accept: application/x-ndjson`, `text/csv` or `application/vnd.apache.parquet`, or with `format`, all events up to the present one come as one export, personal data sealed.',
        tags: ['events'],
        headers: z.object({
          accept: z.string().optional(),
          prefer: z.string().optional().describe('`wait=N` seconds (RFC 7240)'),
          'last-event-id': z.string().max(2_000).optional(),
        }),
        querystring: feedQuery,
        response: {
          200: {
            description:
              'A page of events, empty when there are no more yet; events as they come; or an export',
            content: {
              'application/json': { schema: feedPageSchema },
              ...EVENT_STREAM_CONTENT,
              ...EXPORT_CONTENT,
            },
          },
          406: problem('`Accept` takes none of the types there are'),
          503: problem(
            'The database cannot be reached, or too many callers wait, follow or export',
          ),
        },
      },
    },
    async (request, reply) => {
      const { headers, query } = request;
      reply.header('Vary', 'Accept');
      const representation = query.format ?? preferred(headers.accept, REPRESENTATIONS);
      if (!representation) return sendNotAcceptable(reply, REPRESENTATIONS);
      const isStream = representation === 'stream';
      const isHead = request.method === 'HEAD';
      const lastEventId = isStream ? headers['last-event-id'] : undefined;
      const wanted = wantedBy(query);
      const place = await placeInFeed(eventFeed, lastEventId ?? query.cursor, wanted);
      if ('wrong' in place) {
        const path = lastEventId === undefined ? 'querystring.cursor' : 'headers.last-event-id';
        return sendProblem(reply, 'invalid-request', `${path}: ${place.wrong}`);
      }
      const { after } = place;
      if (!isStream && representation !== 'json') {
        return exports.send({
          request,
          reply,
          format: representation,
          part: { ...wanted, after, limit: query.limit },
        });
      }
      const { limit = PAGE } = query;
      if (limit > MOST) {
        return sendProblem(
          reply,
          'invalid-request',
          `querystring.limit: a page has at most ${MOST} events; ask for more pages, or for an export`,
        );
      }
      if (isHead && isStream) return streams.head(reply);
      // A HEAD has nothing to wait for.
      const wait = preferredWait(headers.prefer, 0, isStream || isHead ? 0 : waitTimeoutMs);
      const refusal = isStream || wait.ms > 0 ? limits.refuseWait() : null;
      if (refusal) return sendOverloaded(reply, refusal);
      if (isStream) {
        const ports = { feed: eventFeed, signal: feedSignal, streams };
        void followFeed({ ...ports, request, reply, wanted, after });
        return reply;
      }
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      try {
        const reading = { ...wanted, after, limit };
        const page = await pageWithin(wait.ms, reading, gone.signal);
        if (wait.applied) reply.header('Preference-Applied', wait.applied);
        return await reply.send({
          events: page.items.map(fedEvent),
          nextCursor: feedCursorOf(page.lookedTo, wanted),
          atEnd: page.atEnd,
        });
      } catch (error) {
        if (!gone.signal.aborted) throw error;
        // Nobody is there to be told.
        reply.hijack();
        return reply;
      }
    },
  );

  /** The next page; when there is nothing yet, what comes within `waitMs`. */
  async function pageWithin(waitMs: number, reading: FeedReading, gone: AbortSignal) {
    if (waitMs === 0) return readFeed(eventFeed, reading, gone);
    // Before the first read: what is committed in between is seen by one of the two.
    const listener = feedSignal.listen(waitMs);
    gone.addEventListener('abort', listener.end);
    try {
      let page = await readFeed(eventFeed, reading, gone);
      while (page.items.length === 0 && page.atEnd && (await listener.news())) {
        page = await readFeed(eventFeed, { ...reading, after: page.lookedTo }, gone);
      }
      return page;
    } finally {
      listener.end();
    }
  }
};
