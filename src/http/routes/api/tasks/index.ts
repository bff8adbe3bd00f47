import { z } from 'zod';
import { problem } from '../../../answers/problems.ts';
import { publicTask } from '../../../answers/task-answers.ts';
import type { Route } from '../../../parts/route.ts';
import { cursorParameter, encodeCursor } from '../../../queries/cursor.ts';
import { queryOf, timeParameter, wholeNumber } from '../../../queries/parameters.ts';
import { columnText, text, time } from '../../../schemas/fields.ts';
import { processKeyFilter } from '../../../schemas/process.ts';
import { taskPageSchema } from '../../../schemas/task.ts';

const listCursor = z.object({ createdAt: time, id: text });

const schema = {
  operationId: 'listTasks',
  summary: 'List the open user tasks of pending processes, oldest first',
  description: 'A page may be short: continue with `nextCursor` until it is null.',
  tags: ['tasks'],
  querystring: queryOf({
    assignee: columnText.optional().describe('Who has claimed it'),
    candidateGroup: columnText.optional().describe('Who may claim it; claimed tasks are included'),
    unassigned: z
      .enum(['true', 'false'])
      .default('false')
      .transform((given) => given === 'true')
      .describe('`true`: only what nobody has claimed'),
    process: processKeyFilter.optional().describe('Process key; default: all'),
    dueAfter: timeParameter.optional().describe('Due after'),
    dueBefore: timeParameter.optional().describe('Due before'),
    limit: wholeNumber(1, 1_000, 50),
    cursor: cursorParameter(listCursor),
  })
    .refine(({ assignee, unassigned }) => assignee === undefined || !unassigned, {
      path: ['unassigned'],
      message: 'must not be true with an assignee; leave one out',
    })
    .refine(
      ({ dueAfter, dueBefore }) =>
        dueAfter === undefined || dueBefore === undefined || dueAfter < dueBefore,
      { path: ['dueAfter'], message: 'must be before dueBefore; swap the two, or leave one out' },
    ),
  response: {
    200: taskPageSchema.describe('A page of the list'),
    503: problem('The process engine or the database cannot be reached'),
  },
};

/** `GET /api/tasks`. */
export const taskListRoute: Route<'userTasks'> = async (app, { userTasks }) => {
  app.get('/api/tasks', { config: { scope: 'process:read' }, schema }, async ({ query }) => {
    const { process: processKey, limit, cursor: after, ...filter } = query;
    const { tasks, next } = await userTasks.list({ ...filter, processKey }, { limit, after });
    return { tasks: tasks.map(publicTask), nextCursor: next && encodeCursor(next) };
  });
};
