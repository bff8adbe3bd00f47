import { z } from 'zod';
import { findAfterWait, findPastState } from '../../../../../domain/process/index.ts';
import { sendPastState } from '../../../answers/past-state.ts';
import { problem } from '../../../answers/problems.ts';
import {
  isKnown,
  sendNotModified,
  sendProcess,
  sendProcessNotFound,
} from '../../../answers/process-answers.ts';
import type { Route } from '../../../parts/route.ts';
import { momentSchema } from '../../../queries/moment.ts';
import { optionalText } from '../../../schemas/fields.ts';
import { correlationParams, processSchema } from '../../../schemas/process.ts';
import { beginWait } from '../../../waiting/caller-wait.ts';

const schema = {
  operationId: 'getProcessStatus',
  summary: 'Get the status of a process',
  description:
    'With `Prefer: wait=N` the answer comes when the process ends, or after N seconds. With `at` the answer is the past state, at once and always 200.',
  tags: ['process'],
  params: correlationParams,
  querystring: z.object({
    at: momentSchema
      .optional()
      .describe('The state after this version or at this time: `3`, `2026-01-31T12:00:00Z`'),
  }),
  headers: z.object({
    prefer: optionalText.describe('`wait=N` seconds (RFC 7240)'),
    'if-none-match': optionalText,
  }),
  response: {
    200: processSchema.describe('The process has ended; with `at`: the past state'),
    202: processSchema.describe('The process is pending'),
    304: z.null().describe('Not changed since If-None-Match'),
    400: problem('The correlation id or `at` is not valid'),
    404: problem('No such process was ever accepted; with `at`: it did not exist yet'),
    503: problem('The database cannot be reached, or too many callers wait'),
  },
};

/** `GET /api/process/status/:correlationId`. */
export const statusRoute: Route<'store' | 'live' | 'limits'> = async (
  app,
  { store: { eventStore }, live, limits },
) => {
  app.get(
    '/api/process/status/:correlationId',
    { config: { scope: 'process:read' }, schema },
    async (request, reply) => {
      const { correlationId } = request.params;
      const { at } = request.query;
      if (at) {
        // A past state needs no waiting, whatever the caller prefers.
        const past = await findPastState(eventStore, correlationId, at);
        return sendPastState(request, reply, { correlationId, past, moment: at });
      }
      const wait = beginWait(request, reply, limits);
      if (!wait) return reply;
      const state = await findAfterWait(correlationId, wait, live);
      if (!state) return sendProcessNotFound(reply, correlationId);
      if (isKnown(request, state)) return sendNotModified(reply, state);
      return sendProcess(reply, state);
    },
  );
};
