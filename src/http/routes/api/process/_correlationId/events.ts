import { z } from 'zod';
import { foldStream, isEnded } from '../../../../../../domain/process/index.ts';
import { problem } from '../../../../answers/problems.ts';
import { sendProcessNotFound } from '../../../../answers/process-answers.ts';
import { preferred, sendNotAcceptable } from '../../../../answers/representations.ts';
import { sendOverloaded } from '../../../../answers/unavailable.ts';
import type { Route } from '../../../../parts/route.ts';
import { queryOf, wholeNumber } from '../../../../queries/parameters.ts';
import { eventsSchema } from '../../../../schemas/event.ts';
import { optionalText, text } from '../../../../schemas/fields.ts';
import { correlationParams } from '../../../../schemas/process.ts';
import { createEventStreams, EVENT_STREAM_CONTENT } from '../../../../streaming/event-streams.ts';
import { followProcess } from '../../../../streaming/follow-process.ts';
import { sendTrail } from '../../../../streaming/send-trail.ts';

const REPRESENTATIONS = {
  json: 'application/json; charset=utf-8',
  stream: 'text/event-stream; charset=utf-8',
};

const schema = {
  operationId: 'listProcessEvents',
  summary: 'List the events of a process',
  description:
    'With `Accept: text/event-stream` the answer is a stream of events as they happen, until the process has ended; `Last-Event-ID` resumes after that version, and 204 means that no more events follow.',
  tags: ['events'],
  params: correlationParams,
  headers: z.object({
    accept: optionalText,
    'last-event-id': text.regex(/^\d{1,9}$/, 'must be the version of an event').optional(),
  }),
  querystring: queryOf({ afterVersion: wholeNumber(0, undefined, 0) }),
  response: {
    200: {
      description: 'The events of the process in order, or a stream of them',
      content: { 'application/json': { schema: eventsSchema }, ...EVENT_STREAM_CONTENT },
    },
    204: z.null().describe('Event stream: the process has ended and you have all its events'),
    404: problem('No such process was ever accepted'),
    406: problem('`Accept` allows neither JSON nor an event stream'),
    503: problem('The database cannot be reached, or too many callers follow'),
  },
};

/** `GET /api/process/:correlationId/events`. */
export const processEventsRoute: Route<
  'store' | 'live' | 'limits' | 'access' | 'operations'
> = async (app, { store: { eventStore }, live, limits, access, operations: { idsOf } }) => {
  const streams = createEventStreams(access.control, live.followers);
  const ports = { eventStore, waitroom: live.waitroom, idsOf, streams };
  // A followed stream may never end by itself, and the server waits for open answers when it closes.
  app.addHook('preClose', async () => streams.close());

  app.get(
    '/api/process/:correlationId/events',
    { config: { scope: 'events:read' }, schema },
    async (request, reply) => {
      const { correlationId } = request.params;
      const { headers } = request;
      reply.header('Vary', 'Accept');
      const representation = preferred(headers.accept, REPRESENTATIONS);
      if (!representation) return sendNotAcceptable(reply, REPRESENTATIONS);
      const afterVersion = Number(headers['last-event-id'] ?? request.query.afterVersion);
      if (representation === 'json') {
        return sendTrail(request, reply, { eventStore, correlationId, afterVersion });
      }
      const state = await foldStream(eventStore, correlationId);
      if (!state) return sendProcessNotFound(reply, correlationId);
      const ended = isEnded(state);
      // A browser connects again after every end, unless the answer is 204.
      if (ended && state.version <= afterVersion) return reply.code(204).send(null);
      if (request.method === 'HEAD') return streams.head(reply);
      const refusal = ended ? null : limits.load.refuseWait();
      if (refusal) return sendOverloaded(reply, refusal);
      followProcess({ ...ports, request, reply, correlationId, afterVersion, ended });
      return reply;
    },
  );
};
