import { z } from 'zod';
import { problem } from '../../../../answers/problems.ts';
import { queryOf } from '../../../../queries/parameters.ts';
import { integer, text, time } from '../../../../schemas/fields.ts';
import { archivedFlag, correlationParams, erasedFlag } from '../../../../schemas/process.ts';

const failureSchema = z.object({
  kind: z.enum(['business', 'technical', 'cancelled']),
  code: text,
  message: text,
  retriesLeft: integer,
  nextTryAt: time.nullable(),
});

const attemptSchema = z.object({
  version: integer.describe('Of its event, which has input, output and the call'),
  attempt: integer,
  at: time.describe('When it ended'),
  executionTime: z.number().nullable().describe('In milliseconds'),
  failure: failureSchema.nullable().describe('Null: it succeeded'),
});

const FAILED_ATTEMPT = {
  version: 3,
  attempt: 1,
  at: '2026-01-31T12:00:00.060Z',
  executionTime: 12,
  failure: {
    kind: 'technical' as const,
    code: 'HTTP_503',
    message: 'POST http://127.0.0.1:4010/background-checks answered 503',
    retriesLeft: 2,
    nextTryAt: '2026-01-31T12:00:01.060Z',
  },
};
const INSTANCE = '3f0c3a52-6f5c-4c0e-9d43-1d2a5b7c9e10';

const activitiesSchema = z
  .object({
    correlationId: text,
    processInstanceId: text.nullable(),
    source: z
      .enum(['engine', 'journal'])
      .describe('`journal`: the engine has no history of it, so that there are only `others`'),
    truncated: z.boolean().describe('True: there is more than this'),
    archived: archivedFlag,
    erased: erasedFlag,
    instances: z
      .array(
        z.object({
          processInstanceId: text,
          processKey: text,
          version: integer.nullable().describe('Of its process definition'),
          calledBy: text.nullable().describe('The instance that called it'),
        }),
      )
      .describe('The outermost first'),
    activities: z
      .array(
        z.object({
          id: text,
          parentId: text.describe('Of the activity around it, or of the process instance'),
          activityId: text.describe('Its id in the model'),
          name: text.nullable(),
          type: text.describe('As Camunda calls it, like `serviceTask` or `noneEndEvent`'),
          processInstanceId: text,
          calledInstanceId: text.nullable(),
          taskId: text.nullable().describe('Of an open user task'),
          startedAt: time,
          endedAt: time.nullable(),
          state: z
            .enum(['open', 'failed', 'completed', 'cancelled'])
            .describe('`failed`: open, and it cannot continue by itself'),
          step: text.nullable().describe('Its step in the events; null without an attempt'),
          attempts: z.array(attemptSchema),
          incident: z.object({ message: text.nullable(), at: time }).nullable(),
        }),
      )
      .describe('In the order in which they began'),
    incidents: z
      .array(
        z.object({
          processInstanceId: text,
          activityId: text.nullable(),
          message: text.nullable(),
          at: time,
        }),
      )
      .describe('Of what is not among the activities, like a job that is to enter one'),
    others: z
      .array(
        z.object({ taskId: text, step: text, processKey: text, attempts: z.array(attemptSchema) }),
      )
      .describe('Attempts whose activity the history does not have'),
  })
  .meta({
    examples: [
      {
        correlationId: 'order-4711',
        processInstanceId: INSTANCE,
        source: 'engine',
        truncated: false,
        instances: [
          {
            processInstanceId: INSTANCE,
            processKey: 'onboard-user',
            version: 2,
            calledBy: null,
          },
        ],
        activities: [
          {
            id: '01a22a94-5e1d-73a4-bc2d-20ab314f007f:000002',
            parentId: INSTANCE,
            activityId: 'run-background-check',
            name: 'Run the background check',
            type: 'serviceTask',
            processInstanceId: INSTANCE,
            calledInstanceId: null,
            taskId: null,
            startedAt: '2026-01-31T12:00:00.040Z',
            endedAt: null,
            state: 'open',
            step: 'run-background-check',
            attempts: [FAILED_ATTEMPT],
            incident: null,
          },
        ],
        incidents: [],
        others: [],
      },
    ],
  });

export const schema = {
  operationId: 'listProcessActivities',
  summary: 'Which activities a process went through, where it stands, and what failed',
  description:
    'From the history of the engine, with the attempts in the journal. Of a process that started again in another instance, the last one.',
  tags: ['process'],
  params: correlationParams,
  querystring: queryOf({}),
  response: {
    200: activitiesSchema.describe('The activities'),
    404: problem('No such process was ever accepted'),
    503: problem('The process engine or the database cannot be reached'),
  },
};
