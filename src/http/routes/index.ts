import type { FastifyInstance } from 'fastify';
import type { ServerParts } from '../parts/server-parts.ts';
import { queueBoard } from './admin/queues.ts';
import { auditRoute } from './api/admin/audit.ts';
import { failedJobRoutes } from './api/admin/jobs/failed.ts';
import { keysRoute } from './api/admin/keys.ts';
import { settingsRoute } from './api/admin/settings.ts';
import { attentionRoute } from './api/analytics/attention.ts';
import { analyticsRoutes } from './api/analytics/index.ts';
import { bpmnRoute } from './api/definitions/_key/bpmn.ts';
import { definitionRoute } from './api/definitions/_key/index.ts';
import { activityStatsRoute } from './api/definitions/_key/stats.ts';
import { definitionListRoute } from './api/definitions/index.ts';
import { eventLogRoute } from './api/event-log.ts';
import { feedRoute } from './api/events.ts';
import { activitiesRoute } from './api/process/_correlationId/activities.ts';
import { cancelRoute } from './api/process/_correlationId/cancel.ts';
import { eraseRoute } from './api/process/_correlationId/erase.ts';
import { processEventsRoute } from './api/process/_correlationId/events.ts';
import { messageRoute } from './api/process/_correlationId/message.ts';
import { restoreRoute } from './api/process/_correlationId/restore.ts';
import { retryRoute } from './api/process/_correlationId/retry.ts';
import { completeRoute } from './api/process/complete.ts';
import { processListRoute } from './api/process/index.ts';
import { startRoute } from './api/process/start.ts';
import { statusRoute } from './api/process/status.ts';
import { claimTaskRoute } from './api/tasks/_id/claim.ts';
import { completeTaskRoute } from './api/tasks/_id/complete.ts';
import { taskRoute } from './api/tasks/_id/index.ts';
import { unclaimTaskRoute } from './api/tasks/_id/unclaim.ts';
import { taskListRoute } from './api/tasks/index.ts';
import { loginRoute } from './console/login.ts';
import { sessionRoute } from './console/session.ts';
import { consoleRoutes } from './console.ts';
import { healthRoutes } from './health.ts';
import { metricsRoute } from './metrics.ts';

/**
 * Registers every route. The file of a route is found from its URL: `/api/process/:correlationId/retry` is
 * `api/process/_correlationId/retry.ts`. A large schema lies beside it in `*.schema.ts`.
 */
export async function registerRoutes(app: FastifyInstance, parts: ServerParts): Promise<void> {
  const { observe } = parts.operations;
  await app.register(healthRoutes, parts);
  if (observe) await app.register(metricsRoute, observe);
  if (!parts.api) return;
  await app.register(startRoute, parts);
  await app.register(statusRoute, parts);
  await app.register(processListRoute, parts);
  await app.register(completeRoute, parts);
  await app.register(cancelRoute, parts);
  await app.register(messageRoute, parts);
  await app.register(retryRoute, parts);
  await app.register(processEventsRoute, parts);
  await app.register(activitiesRoute, parts);
  await app.register(definitionListRoute, parts);
  await app.register(definitionRoute, parts);
  await app.register(bpmnRoute, parts);
  await app.register(activityStatsRoute, parts);
  await app.register(taskListRoute, parts);
  await app.register(taskRoute, parts);
  await app.register(claimTaskRoute, parts);
  await app.register(unclaimTaskRoute, parts);
  await app.register(completeTaskRoute, parts);
  await app.register(eventLogRoute, parts);
  await app.register(feedRoute, parts);
  await app.register(analyticsRoutes, parts);
  await app.register(attentionRoute, parts);
  await app.register(restoreRoute, parts);
  await app.register(eraseRoute, parts);
  await app.register(failedJobRoutes, parts);
  await app.register(settingsRoute, parts);
  await app.register(keysRoute, parts);
  await app.register(auditRoute, parts);
  await app.register(queueBoard, parts);
  await app.register(consoleRoutes, parts);
  await app.register(sessionRoute, parts);
  await app.register(loginRoute, parts);
}
