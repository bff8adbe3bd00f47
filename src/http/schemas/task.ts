import { z } from 'zod';
import { integer, text, time } from './fields.ts';

/** Engines make ids of letters, digits, hyphens and colons. */
export const taskParams = z.object({
  id: text
    .max(255)
    .regex(/^[A-Za-z0-9:_-]+$/, 'must be the id of a task, as the list of tasks has it'),
});

const TASK = {
  id: '01a22a94-5e1d-73a4-bc2d-20ab314f007f:000002',
  name: 'Approve the purchase',
  description: null,
  activityId: 'approve',
  processKey: 'approve-purchase',
  correlationId: 'purchase-4711',
  assignee: null,
  createdAt: '2026-01-31T12:00:00.000Z',
  dueAt: '2026-02-02T12:00:00.000Z',
  priority: 50,
  formKey: null,
  statusUrl: '/api/process/status/purchase-4711',
};

const taskFields = z.object({
  id: text,
  name: text.nullable(),
  description: text.nullable(),
  activityId: text.describe('Id of the user task in the model'),
  processKey: text.describe('Of the process with the task, which another may have called'),
  correlationId: text,
  assignee: text.nullable().describe('Who has claimed it'),
  createdAt: time,
  dueAt: time.nullable(),
  priority: integer,
  formKey: text.nullable(),
  statusUrl: text,
});

export const taskPageSchema = z
  .object({ tasks: z.array(taskFields), nextCursor: text.nullable() })
  .meta({ examples: [{ tasks: [TASK], nextCursor: null }] });

export const taskSchema = taskFields
  .extend({
    candidateUsers: z.array(text),
    candidateGroups: z.array(text),
    variables: z
      .record(text, z.any())
      .nullable()
      .describe('JSON schema of the variables that complete it; null: it takes any'),
  })
  .meta({
    id: 'Task',
    examples: [
      {
        ...TASK,
        candidateUsers: [],
        candidateGroups: ['buyers'],
        variables: {
          type: 'object',
          properties: { approved: { type: 'boolean' } },
          required: ['approved'],
          additionalProperties: false,
        },
      },
    ],
  });

export const completionSchema = z
  .object({
    status: z.enum(['completed', 'recorded']),
    taskId: text,
    correlationId: text,
    statusUrl: text,
  })
  .meta({
    id: 'TaskCompletion',
    examples: [
      {
        status: 'completed',
        taskId: TASK.id,
        correlationId: TASK.correlationId,
        statusUrl: TASK.statusUrl,
      },
    ],
  });
