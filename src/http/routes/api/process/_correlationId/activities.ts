import type { PathActivity, ProcessPath } from '../../../../../../domain/process-path/index.ts';
import { sendProcessNotFound } from '../../../../answers/process-answers.ts';
import type { Route } from '../../../../parts/route.ts';
import { schema } from './activities.schema.ts';

/** `GET /api/process/:correlationId/activities`. */
export const activitiesRoute: Route<'readPath'> = async (app, { readPath }) => {
  app.get(
    '/api/process/:correlationId/activities',
    { config: { scope: 'events:read' }, schema },
    async ({ params: { correlationId } }, reply) => {
      const path = await readPath(correlationId);
      return path ? publicPath(path) : sendProcessNotFound(reply, correlationId);
    },
  );
};

function publicPath({ state, history, others }: ProcessPath) {
  return {
    correlationId: state.correlationId,
    processInstanceId: state.processInstanceId,
    source: history ? ('engine' as const) : ('journal' as const),
    truncated: history ? !history.isWhole : false,
    ...(state.archivedAt ? { archived: true as const } : {}),
    ...(state.erased ? { erased: true as const } : {}),
    instances: history?.instances ?? [],
    activities: history?.activities.map(publicActivity) ?? [],
    incidents:
      history?.incidents.map(({ processInstanceId, activityId, message, at }) => ({
        ...{ processInstanceId, activityId, message, at },
      })) ?? [],
    others,
  };
}

function publicActivity({ taskId, ...activity }: PathActivity) {
  const isOpenTask = activity.type === 'userTask' && activity.endedAt === null;
  return { ...activity, taskId: isOpenTask ? taskId : null };
}
