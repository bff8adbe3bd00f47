import { z } from 'zod';
import { JOB_NAMES } from '../../../../../../domain/outbox/index.ts';
import { problem } from '../../../../answers/problems.ts';
import { cursorParameter } from '../../../../queries/cursor.ts';
import { queryOf, wholeNumber } from '../../../../queries/parameters.ts';
import { integer, text, time } from '../../../../schemas/fields.ts';

const jobCursor = z.object({ failedAt: time, id: text.max(300) });
const name = z.enum(JOB_NAMES).describe('Only jobs with this name');

const failedJob = z.object({
  id: text.describe('Names the job for a retry'),
  name: z.enum(JOB_NAMES),
  correlationId: text.describe('The process'),
  eventId: text.describe('The event that caused the job'),
  attempts: integer.describe('How often it ran'),
  error: text.describe('The error of the last attempt'),
  failedAt: time,
});

const failedJobPage = z.object({ jobs: z.array(failedJob), nextCursor: text.nullable() }).meta({
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
  summary: 'List failed jobs, the newest first',
  description:
    'A job is in this list when it failed again and again for a reason that does not go away by itself. A job that fails for a transient reason, such as an unreachable database, is tried until it succeeds and is not in this list.',
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
  summary: 'Run all failed jobs again',
  tags: ['operations'],
  querystring: queryOf({ name: name.optional() }),
  response: {
    200: z
      .object({ retried: integer })
      .meta({ examples: [{ retried: 3 }] })
      .describe('How many jobs will run again'),
    503: redisAway,
  },
};

export const retrySchema = {
  operationId: 'retryFailedJob',
  summary: 'Run a failed job again',
  tags: ['operations'],
  params: z.object({ id: text.min(1).max(300) }),
  response: {
    202: z
      .object({ id: text })
      .meta({ examples: [{ id: 'project-process:4711' }] })
      .describe('The job will run again, with all its attempts'),
    404: problem('No failed job has this id'),
    503: redisAway,
  },
};
