import type { ActivityStats } from '../../../../../../domain/definitions/index.ts';
import { createAsk } from '../../../../analytics/ask.ts';
import { rangeParameters, readRange } from '../../../../analytics/range.ts';
import { sendDefinitionNotFound } from '../../../../answers/definition-answers.ts';
import { problem, sendProblem } from '../../../../answers/problems.ts';
import type { Route } from '../../../../parts/route.ts';
import { queryOf } from '../../../../queries/parameters.ts';
import { versionParameter } from '../../../../queries/version.ts';
import { keyParams } from '../../../../schemas/definition.ts';
import { activityStatsSchema } from './stats.schema.ts';

const { from, to } = rangeParameters;

const schema = {
  operationId: 'getActivityStats',
  summary: 'What happened at each activity of a process, and where its instances stand',
  description:
    'Of steps that processes with this key made, started on whatever version: a step that several activities of the model are shows with the same figures at each. Those of a process that another one called count for the caller. For other activities there is only what stands there now.',
  tags: ['definitions'],
  params: keyParams,
  querystring: queryOf({ from, to, version: versionParameter }),
  response: {
    200: activityStatsSchema.describe('The activities of one version'),
    404: problem('This service has no such process or version'),
    503: problem('The process engine or the database cannot be reached'),
  },
};

/** `GET /api/definitions/:key/stats`. */
export const activityStatsRoute: Route<'deployed'> = async (app, { deployed }) => {
  const ask = createAsk();

  app.get(
    '/api/definitions/:key/stats',
    { config: { scope: 'process:read' }, schema },
    async ({ params: { key }, query }, reply) => {
      const { version, ...given } = query;
      const range = readRange({ ...given, timeZone: 'UTC', exact: false }, Date.now());
      if ('refusal' in range) return sendProblem(reply, 'invalid-request', range.refusal);
      const report = await ask(reply, { exact: false }, async (signal) => ({
        found: await deployed.reportActivities(key, version, [range.from, range.to], signal),
      }));
      if (!report) return reply;
      if (!report.found) return sendDefinitionNotFound(reply, key, version);
      const { analysis, activities } = report.found;
      return {
        key,
        version: report.found.deployed.version,
        source: analysis.source,
        from: new Date(range.from).toISOString(),
        to: new Date(range.to).toISOString(),
        asOf: analysis.asOf,
        eventsBehind: analysis.eventsBehind,
        activities: activities.map(publicStats),
      };
    },
  );
};

function publicStats({ activity, step, figures, open, incidents }: ActivityStats) {
  const { id: activityId, name, type } = activity;
  return {
    ...{ activityId, name, type, step },
    count: figures?.count ?? null,
    errors: figures?.errors ?? null,
    errorRate: figures?.errorRate ?? null,
    p50Ms: figures?.p50Ms ?? null,
    p95Ms: figures?.p95Ms ?? null,
    open,
    incidents,
  };
}
