import { z } from 'zod';
import { durationsOf, ENDS, endOf } from '../../../../../domain/rollups/index.ts';
import { largest, madeOf } from '../../../analytics/answer.ts';
import {
  bucketParameter,
  groupsOf,
  limitParameter,
  rangeParameters,
  readRange,
} from '../../../analytics/range.ts';
import type { AnalyticsRoute } from '../../../analytics/route.ts';
import {
  badRange,
  processDurationsSchema,
  SOURCE_TEXT,
  TOP_GROUPS,
} from '../../../analytics/schemas.ts';
import { sendProblem } from '../../../answers/problems.ts';
import { listOf, queryOf } from '../../../queries/parameters.ts';

const schema = {
  operationId: 'getProcessDurations',
  summary: 'How long processes took, from their request to their end',
  description: `${SOURCE_TEXT} A process counts at the time of its end; one that is retried ends more than once.`,
  tags: ['analytics'],
  querystring: queryOf({
    ...rangeParameters,
    bucket: bucketParameter.optional(),
    groupBy: groupsOf(['process', 'status'], '`process`'),
    status: listOf(z.enum(ENDS)).optional(),
    limit: limitParameter(`${TOP_GROUPS}`),
  }),
  response: {
    200: processDurationsSchema.describe('The groups, the largest first'),
    400: badRange,
  },
};

/** `GET /api/analytics/processes`. */
export const processDurationsRoute: AnalyticsRoute = async (app, { analytics, ask }) => {
  app.get(
    '/api/analytics/processes',
    { config: { scope: 'events:read' }, schema },
    async ({ query }, reply) => {
      const range = readRange(query, Date.now());
      if ('refusal' in range) return sendProblem(reply, 'invalid-request', range.refusal);
      const groupBy = query.groupBy ?? ['process'];
      const analysis = await ask(reply, range, (signal) =>
        analytics.processes(
          {
            ...range,
            groupBy: groupBy.map((group) => (group === 'status' ? 'eventType' : group)),
            processes: query.process,
            types: (query.status ?? ENDS).map((end) => `process-${end}` as const),
            durations: true,
          },
          signal,
        ),
      );
      if (!analysis) return reply;
      const limit = query.limit ?? TOP_GROUPS;
      const { lines, truncated, refusal } = largest(analysis, range, limit);
      if (refusal) return sendProblem(reply, 'invalid-request', refusal);
      return {
        ...madeOf(analysis, range),
        groupBy,
        truncated,
        processes: lines.map(({ start, names: { process, eventType }, tally }) => ({
          ...start,
          ...(process === undefined ? {} : { process }),
          ...(eventType ? { status: endOf(eventType) } : {}),
          count: tally.count,
          ...durationsOf(tally),
        })),
      };
    },
  );
};
