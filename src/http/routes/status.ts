import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import {
  type EventStore,
  type FindProcess,
  findPastState,
  isEnded,
  type ProcessStore,
  type Waitroom,
} from '../../../domain/process/index.ts';
import { PAGE_BYTES } from '../answers/answer-bytes.ts';
import { sendPastState } from '../answers/past-state.ts';
import { problem, sendOverloaded, sendProblem } from '../answers/problems.ts';
import {
  isKnown,
  publicProcess,
  sendNeverSeen,
  sendNotModified,
  sendProcess,
} from '../answers/process-answers.ts';
import { decodeCursor, encodeCursor } from '../queries/cursor.ts';
import { momentSchema } from '../queries/moment.ts';
import { isForwards, queryOf, timeParameter, wholeNumber } from '../queries/parameters.ts';
import { correlationParams, processPageSchema, processSchema } from '../schemas/process.ts';
import type { LoadLimits } from '../waiting/load-limits.ts';
import { preferredWait } from '../waiting/prefer.ts';

const processCursor = z.object({ updatedAt: z.iso.datetime(), correlationId: z.string() });

/** `GET /api/process/status/:correlationId` and `GET /api/process`. */
export const statusRoutes: FastifyPluginAsyncZod<{
  findProcess: FindProcess;
  processStore: ProcessStore;
  eventStore: EventStore;
  waitroom: Waitroom;
  limits: LoadLimits;
  waitTimeoutMs: number;
}> = async (app, { findProcess, processStore, eventStore, waitroom, limits, waitTimeoutMs }) => {
  app.get(
    '/api/process/status/:correlationId',
    {
      config: { scope: 'process:read' },
      schema: {
        operationId: 'getProcessStatus',
        summary: 'State of a process',
        description:
          'With `Prefer: wait=N` the answer comes when the process ends, or after N seconds. With `at` it is the state as it was, at once and always 200.',
        tags: ['process'],
        params: correlationParams,
        querystring: z.object({
          at: momentSchema
            .optional()
            .describe(
              'The state behind this version, or at this time: `3`, `2026-01-31T12:00:00Z`',
            ),
        }),
        headers: z.object({
          prefer: z.string().optional().describe('`wait=N` seconds (RFC 7240)'),
          'if-none-match': z.string().optional(),
        }),
        response: {
          200: processSchema.describe('Ended, well or not; with `at`: as it was'),
          202: processSchema.describe('Pending'),
          304: z.null().describe('Not changed since If-None-Match'),
          400: problem('The correlation id or `at` is not valid'),
          404: problem('Never seen; with `at`: not yet there'),
          503: problem('The database cannot be reached, or too many callers wait'),
        },
      },
    },
    async (request, reply) => {
      const { correlationId } = request.params;
      const { at } = request.query;
      if (at) {
        // What has been needs no waiting for, whatever the caller prefers.
        const past = await findPastState(eventStore, correlationId, at);
        return sendPastState(request, reply, { correlationId, past, moment: at });
      }
      const { ms: waitMs, applied } = preferredWait(request.headers.prefer, 0, waitTimeoutMs);
      if (applied) reply.header('Preference-Applied', applied);
      const refusal = waitMs > 0 ? limits.refuseWait() : null;
      if (refusal) return sendOverloaded(reply, refusal);
      // Stands before the look-up: an end in between is seen by one of the two.
      const waiter = waitMs > 0 ? waitroom.wait(correlationId, waitMs) : undefined;
      if (waiter) reply.raw.once('close', () => waiter.cancel('hung-up'));
      let state = await findProcess(correlationId).catch((error: unknown) => {
        waiter?.cancel();
        throw error;
      });
      if (waiter && state && !isEnded(state)) {
        const end = await waiter.ended;
        // An end that is older than the look-up is one that a retry took back.
        state = end && end.version >= state.version ? end : await findProcess(correlationId);
      }
      waiter?.cancel();
      if (!state) return sendNeverSeen(reply, correlationId);
      if (isKnown(request, state)) return sendNotModified(reply, state);
      return sendProcess(reply, state);
    },
  );

  app.get(
    '/api/process',
    {
      config: { scope: 'process:read' },
      schema: {
        operationId: 'listProcesses',
        summary: 'Processes, the last changed first',
        tags: ['process'],
        querystring: queryOf({
          status: z.enum(['pending', 'ok', 'error']).optional(),
          process: z.string().min(1).max(255).optional().describe('Process key'),
          step: z.string().min(1).max(255).optional().describe('Current step'),
          from: timeParameter.optional().describe('Changed at or after'),
          to: timeParameter.optional().describe('Changed before'),
          archive: z
            .enum(['include', 'exclude'])
            .default('exclude')
            .describe('Whether archived processes are listed, too'),
          limit: wholeNumber(1, 1_000, 50),
          cursor: z.string().max(2_000).optional().describe('`nextCursor` of the page before'),
        }).refine(...isForwards),
        response: {
          200: processPageSchema.describe('A page of the list'),
        },
      },
    },
    async ({ query }, reply) => {
      const { status, process, step, from, to, limit } = query;
      const after =
        query.cursor === undefined ? undefined : decodeCursor(query.cursor, processCursor);
      if (after === null) {
        return sendProblem(
          reply,
          'invalid-request',
          'querystring.cursor: is not one of ours; use nextCursor of an earlier page, or leave it out to begin anew',
        );
      }
      const archived = query.archive === 'include';
      const filter = { status, processName: process, currentStep: step, from, to, archived };
      const size = { limit, maxBytes: PAGE_BYTES };
      const { items, atEnd } = await processStore.list(filter, size, after);
      const last = items.at(-1);
      return {
        processes: items.map(publicProcess),
        nextCursor:
          last && !atEnd
            ? encodeCursor({ updatedAt: last.updatedAt, correlationId: last.correlationId })
            : null,
      };
    },
  );
};
