import { z } from 'zod';
import { JOB_NAMES } from '../../../../../../domain/outbox/index.ts';
import { problem } from '../../../../answers/problems.ts';
import { cursorParameter } from '../../../../queries/cursor.ts';
import { queryOf, wholeNumber } from '../../../../queries/parameters.ts';

const jobCursor = z.object({ failedAt: z.iso.datetime(), id: z.string().max(300) });
const name = z.enum(JOB_NAMES).describe('Of one job only');

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

const redisAway = problem('Redis cannot be reached');

export const listSchema = {
  operationId: 'listFailedJobs',
  summary: 'Jobs that were given up, the newest first',
  description:
    'A job is given up when it failed again and again for a reason that does not pass by itself. What may pass, such as a database that is away, is tried without end and is not in this list.',
  tags: ['operations'],
  querystring: queryOf({
    name: name.optional(),
    limit: wholeNumber(1, 1_000, 50),
    cursor: cursorParameter(jobCursor),
  }),
  response: { 200: failedJobPage.describe('A page of the list'), 503: redisAway },
};

export const retryAllSchema = {
  operationId: 'retryFailedJobs',
  summary: 'Let every given-up job run again',
  tags: ['operations'],
  querystring: queryOf({ name: name.optional() }),
  response: {
    200: z
      .object({ retried: z.number().int() })
      .meta({ examples: [{ retried: 3 }] })
      .describe('How many will run again'),
    503: redisAway,
  },
};

export const retrySchema = {
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
    503: redisAway,
  },
};
