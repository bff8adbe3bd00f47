import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { cutText } from '../../../domain/common/index.ts';
import { type DeadLetters, JOB_NAMES } from '../../../domain/outbox/index.ts';
import { problem, sendProblem } from '../answers/problems.ts';
import { decodeCursor, encodeCursor } from '../queries/cursor.ts';
import { queryOf, wholeNumber } from '../queries/parameters.ts';

const place = z.object({ failedAt: z.iso.datetime(), id: z.string().max(300) });
const name = z.enum(JOB_NAMES).describe('Of one job only');

/** Characters of an error: a list of a thousand is not to grow with their texts. */
const ERROR_LENGTH = 2_000;

const failedJob = z.object({
  id: z.string().describe('For the retry'),
  name: z.enum(JOB_NAMES),
  correlationId: z.string().describe('The process'),
  eventId: z.string().describe('The event that caused the job'),
  attempts: z.number().int().describe('How often it was begun'),
  error: z.string().describe('Of the last attempt'),
  failedAt: z.iso.datetime(),
});

const failedJobPage = z
  .object({ jobs: z.array(failedJob), nextCursor: z.string().nullable() })
  .meta({
    examples: [
      {
        jobs: [
          {
            id: 'project-process:4711',
            name: 'project-process',
            correlationId: 'order-4711',
            eventId: '90210',
            attempts: 20,
            error: 'event 3 of order-4711 has schema version 2, written by a newer release',
            failedAt: '2026-01-31T12:00:00.000Z',
          },
        ],
        nextCursor: null,
      },
    ],
  });

/** Jobs that were given up: `GET /api/admin/jobs/failed`, `POST …/failed/retry`, `POST …/:id/retry`. */
export const failedJobRoutes: FastifyPluginAsyncZod<{ deadLetters: DeadLetters }> = async (
  app,
  { deadLetters },
) => {
  const config = { scope: 'admin' } as const;

  app.get(
    '/api/admin/jobs/failed',
    {
      config,
      schema: {
        operationId: 'listFailedJobs',
        summary: 'Jobs that were given up, the newest first',
        description:
          'A job is given up when it failed again and again for a reason that does not pass by itself. What may pass, such as a database that is away, is tried without end and is not in this list.',
        tags: ['operations'],
        querystring: queryOf({
          name: name.optional(),
          limit: wholeNumber(1, 1_000, 50),
          cursor: z.string().max(2_000).optional().describe('`nextCursor` of the page before'),
        }),
        response: {
          200: failedJobPage.describe('A page of the list'),
          503: problem('Redis cannot be reached'),
        },
      },
    },
    async ({ query }, reply) => {
      const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor, place);
      if (after === null) {
        return sendProblem(
          reply,
          'invalid-request',
          'querystring.cursor: is not one of ours; use nextCursor of an earlier page, or leave it out to begin anew',
        );
      }
      const found = await deadLetters.list({ name: query.name }, query.limit + 1, after);
      const jobs = found.slice(0, query.limit);
      const last = jobs.at(-1);
      const hasMore = last && found.length > query.limit;
      return {
        jobs: jobs.map((job) => ({ ...job, error: cutText(job.error, ERROR_LENGTH) })),
        nextCursor: hasMore ? encodeCursor({ failedAt: last.failedAt, id: last.id }) : null,
      };
    },
  );

  app.post(
    '/api/admin/jobs/failed/retry',
    {
      config,
      schema: {
        operationId: 'retryFailedJobs',
        summary: 'Let every given-up job run again',
        tags: ['operations'],
        querystring: queryOf({ name: name.optional() }),
        response: {
          200: z
            .object({ retried: z.number().int() })
            .meta({ examples: [{ retried: 3 }] })
            .describe('How many will run again'),
          503: problem('Redis cannot be reached'),
        },
      },
    },
    async ({ query }) => ({ retried: await deadLetters.retryAll(query.name) }),
  );

  app.post(
    '/api/admin/jobs/failed/:id/retry',
    {
      config,
      schema: {
        operationId: 'retryFailedJob',
        summary: 'Let a given-up job run again',
        tags: ['operations'],
        params: z.object({ id: z.string().min(1).max(300) }),
        response: {
          202: z
            .object({ id: z.string() })
            .meta({ examples: [{ id: 'project-process:4711' }] })
            .describe('It will run again, with all its attempts'),
          404: problem('No given-up job has this id'),
          503: problem('Redis cannot be reached'),
        },
      },
    },
    async ({ params: { id } }, reply) => {
      if (await deadLetters.retry(id)) return reply.code(202).send({ id });
      return sendProblem(
        reply,
        'not-found',
        `No given-up job has the id "${id}"; it may have been retried already. GET /api/admin/jobs/failed lists those there are.`,
      );
    },
  );
};
