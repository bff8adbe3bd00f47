import {
  type Flow,
  flows,
  MAX_POINTS,
  PROCESS_EVENT_TYPES,
} from '../../../../../domain/rollups/index.ts';
import { madeOf, startsOf } from '../../../analytics/answer.ts';
import {
  bucketParameter,
  groupsOf,
  rangeParameters,
  readRange,
  tooManyPoints,
} from '../../../analytics/range.ts';
import type { AnalyticsRoute } from '../../../analytics/route.ts';
import { badRange, SOURCE_TEXT, throughputSchema } from '../../../analytics/schemas.ts';
import { sendProblem } from '../../../answers/problems.ts';
import { queryOf } from '../../../queries/parameters.ts';

const schema = {
  operationId: 'getThroughput',
  summary: 'Processes started, ended and retried in each bucket',
  description: `${SOURCE_TEXT} A bucket in which nothing happened has zeros. A process that failed, was retried and then completed counts as both.`,
  tags: ['analytics'],
  querystring: queryOf({
    ...rangeParameters,
    bucket: bucketParameter.default('hour'),
    groupBy: groupsOf(['process'], 'all together'),
  }),
  response: {
    200: throughputSchema.describe('Every bucket of the range, in order'),
    400: badRange,
  },
};

/** `GET /api/analytics/throughput`. */
export const throughputRoute: AnalyticsRoute = async (app, { analytics, ask }) => {
  app.get(
    '/api/analytics/throughput',
    { config: { scope: 'events:read' }, schema },
    async ({ query }, reply) => {
      const range = readRange(query, Date.now());
      if ('refusal' in range) return sendProblem(reply, 'invalid-request', range.refusal);
      const groupBy = query.groupBy ?? [];
      const analysis = await ask(reply, range, (signal) =>
        analytics.processes(
          {
            ...range,
            groupBy: [...groupBy, 'eventType'],
            processes: query.process,
            types: PROCESS_EVENT_TYPES,
            durations: false,
          },
          signal,
        ),
      );
      if (!analysis) return reply;
      const slices = range.bounds.length - 1;
      const found = flows(analysis, slices, groupBy.includes('process'));
      const points = found.length * slices;
      if (points > MAX_POINTS) {
        const detail = tooManyPoints(range, { groups: found.length, points });
        return sendProblem(reply, 'invalid-request', detail);
      }
      const startOf = startsOf(range);
      return {
        ...madeOf(analysis, range),
        groupBy,
        throughput: range.bounds.slice(0, -1).flatMap((_, slice) =>
          found.map(({ process, buckets }) => ({
            ...startOf(slice),
            ...(process === null ? {} : { process }),
            ...(buckets[slice] as Flow),
          })),
        ),
      };
    },
  );
};
