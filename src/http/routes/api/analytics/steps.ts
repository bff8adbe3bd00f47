import { z } from 'zod';
import { STEP_GROUPS, stepNumbers } from '../../../../../domain/rollups/index.ts';
import { largest, madeOf } from '../../../analytics/answer.ts';
import {
  bucketParameter,
  groupsOf,
  limitParameter,
  nameSchema,
  rangeParameters,
  readRange,
} from '../../../analytics/range.ts';
import type { AnalyticsRoute } from '../../../analytics/route.ts';
import { badRange, SOURCE_TEXT, stepsSchema, TOP_GROUPS } from '../../../analytics/schemas.ts';
import { sendProblem } from '../../../answers/problems.ts';
import { listOf, queryOf } from '../../../queries/parameters.ts';
import { text } from '../../../schemas/fields.ts';

const TOP_MESSAGES = 20;

const schema = {
  operationId: 'getStepAnalytics',
  summary: 'How often steps ran and failed, and how long they took',
  description: `${SOURCE_TEXT} Every attempt counts. Grouped by error message, the answer has the most frequent ones.`,
  tags: ['analytics'],
  querystring: queryOf({
    ...rangeParameters,
    bucket: bucketParameter.optional(),
    groupBy: groupsOf(STEP_GROUPS, '`process,step`'),
    step: listOf(nameSchema).optional(),
    targetSystem: listOf(text.max(255), false)
      .optional()
      .describe('May be repeated; empty: steps without a target system'),
    status: listOf(z.enum(['ok', 'error'])).optional(),
    limit: limitParameter(`${TOP_GROUPS}, by error message ${TOP_MESSAGES}`),
  }),
  response: { 200: stepsSchema.describe('The groups, the largest first'), 400: badRange },
};

/** `GET /api/analytics/steps`. */
export const stepsRoute: AnalyticsRoute = async (app, { analytics, ask }) => {
  app.get(
    '/api/analytics/steps',
    { config: { scope: 'events:read' }, schema },
    async ({ query }, reply) => {
      const range = readRange(query, Date.now());
      if ('refusal' in range) return sendProblem(reply, 'invalid-request', range.refusal);
      const groupBy = query.groupBy ?? ['process', 'step'];
      // The rollups of steps have no buckets of a minute.
      const exact = range.exact || range.bucket === 'minute';
      const analysis = await ask(reply, { exact }, (signal) =>
        analytics.steps(
          {
            ...range,
            groupBy,
            processes: query.process,
            steps: query.step,
            targetSystems: query.targetSystem,
            statuses: query.status,
          },
          signal,
        ),
      );
      if (!analysis) return reply;
      const top = groupBy.includes('errorMessage') ? TOP_MESSAGES : TOP_GROUPS;
      const { lines, truncated, refusal } = largest(analysis, range, query.limit ?? top);
      if (refusal) return sendProblem(reply, 'invalid-request', refusal);
      return {
        ...madeOf(analysis, range),
        groupBy,
        truncated,
        steps: lines.map(({ start, names, tally }) => ({
          ...start,
          ...names,
          ...stepNumbers(tally),
        })),
      };
    },
  );
};
