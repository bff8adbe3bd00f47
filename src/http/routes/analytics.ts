import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Clock } from '../../../domain/common/index.ts';
import {
  type Analysis,
  type Analytics,
  durationsOf,
  ENDS,
  endOf,
  type Flow,
  flows,
  isoIn,
  largestGroups,
  MOST_POINTS,
  PROCESS_EVENT_TYPES,
  STEP_GROUPS,
  stepNumbers,
} from '../../../domain/rollups/index.ts';
import { createAsk } from '../analytics/ask.ts';
import {
  bucketParameter,
  groupsOf,
  limitParameter,
  nameSchema,
  type Range,
  rangeParameters,
  readRange,
  tooManyPoints,
} from '../analytics/range.ts';
import { processDurationsSchema, stepsSchema, throughputSchema } from '../analytics/schemas.ts';
import { problem, sendProblem } from '../answers/problems.ts';
import { listOf, queryOf } from '../queries/parameters.ts';

const TOP_MESSAGES = 20;
const TOP_GROUPS = 100;
const MADE =
  'From the rollups, which follow the events by seconds (`asOf`); counts are exact, percentiles within one per cent. `exact=true` reads the events themselves.';
const BAD = {
  400: problem('The request is not valid, or the answer would have too many points'),
};

/** `GET /api/analytics/steps`, `/throughput` and `/processes`. */
export const analyticsRoutes: FastifyPluginAsyncZod<{
  analytics: Analytics;
  clock?: Clock;
  timeLimitMs?: number;
}> = async (app, { analytics, clock = Date.now, timeLimitMs }) => {
  const ask = createAsk(timeLimitMs);

  app.get(
    '/api/analytics/steps',
    {
      config: { scope: 'events:read' },
      schema: {
        operationId: 'getStepAnalytics',
        summary: 'How often steps ran and failed, and how long they took',
        description: `${MADE} Every attempt counts. By error message: those that came most often.`,
        tags: ['analytics'],
        querystring: queryOf({
          ...rangeParameters,
          bucket: bucketParameter.optional(),
          groupBy: groupsOf(STEP_GROUPS, '`process,step`'),
          step: listOf(nameSchema).optional(),
          targetSystem: listOf(z.string().max(255), false)
            .optional()
            .describe('May come several times; empty: steps without one'),
          status: listOf(z.enum(['ok', 'error'])).optional(),
          limit: limitParameter(`${TOP_GROUPS}, by error message ${TOP_MESSAGES}`),
        }),
        response: { 200: stepsSchema.describe('The groups, the largest first'), ...BAD },
      },
    },
    async ({ query }, reply) => {
      const range = readRange(query, clock());
      if ('refusal' in range) return sendProblem(reply, 'invalid-request', range.refusal);
      const groupBy = query.groupBy ?? ['process', 'step'];
      // Steps have no rollup of minutes.
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
      const most = groupBy.includes('errorMessage') ? TOP_MESSAGES : TOP_GROUPS;
      const { lines, truncated, refusal } = largest(analysis, range, query.limit ?? most);
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

  app.get(
    '/api/analytics/throughput',
    {
      config: { scope: 'events:read' },
      schema: {
        operationId: 'getThroughput',
        summary: 'Processes started, ended and retried in each bucket',
        description: `${MADE} A bucket in which nothing happened is there with zeros. A process that failed, was retried and then completed is in both counts.`,
        tags: ['analytics'],
        querystring: queryOf({
          ...rangeParameters,
          bucket: bucketParameter.default('hour'),
          groupBy: groupsOf(['process'], 'all together'),
        }),
        response: { 200: throughputSchema.describe('Every bucket of the range, in order'), ...BAD },
      },
    },
    async ({ query }, reply) => {
      const range = readRange(query, clock());
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
      if (points > MOST_POINTS) {
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

  app.get(
    '/api/analytics/processes',
    {
      config: { scope: 'events:read' },
      schema: {
        operationId: 'getProcessDurations',
        summary: 'How long processes took, from their request to their end',
        description: `${MADE} By the time of the end. A process that is retried ends more than once.`,
        tags: ['analytics'],
        querystring: queryOf({
          ...rangeParameters,
          bucket: bucketParameter.optional(),
          groupBy: groupsOf(['process', 'status'], '`process`'),
          status: listOf(z.enum(ENDS)).optional(),
          limit: limitParameter(`${TOP_GROUPS}`),
        }),
        response: { 200: processDurationsSchema.describe('The groups, the largest first'), ...BAD },
      },
    },
    async ({ query }, reply) => {
      const range = readRange(query, clock());
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

/** The largest groups, each line with the start of its bucket, or why there are too many. */
function largest<Group extends string>(analysis: Analysis<Group>, range: Range, limit: number) {
  const { lines, groups, truncated } = largestGroups(analysis.tallies, limit);
  const tooMany = range.bucket !== null && lines.length > MOST_POINTS;
  const startOf = range.bucket === null ? () => ({}) : startsOf(range);
  return {
    lines: tooMany ? [] : lines.map((line) => ({ ...line, start: startOf(line.slice) })),
    truncated,
    refusal: tooMany ? tooManyPoints(range, { groups, points: lines.length }) : null,
  };
}

/** How an answer was made, for its beginning. */
function madeOf(analysis: Analysis<string>, { from, to, timeZone, bucket }: Range) {
  const { source, asOf, eventsBehind } = analysis;
  const [since, until] = [from, to].map((ms) => new Date(ms).toISOString()) as [string, string];
  return { source, from: since, to: until, timeZone, bucket, asOf, eventsBehind };
}

/** Where a slice begins, on the clocks of the time zone. */
function startsOf({ bounds, timeZone }: Range): (slice: number) => { start: string } {
  const iso = isoIn(timeZone);
  return (slice) => ({ start: iso(bounds[slice] as number) });
}
