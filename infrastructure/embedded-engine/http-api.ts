import Fastify, { type FastifyInstance } from 'fastify';
import { markNumbers, restoreNumbers } from '../worker/java-numbers.ts';
import { type EmbeddedEngine, ENGINE_VERSION } from './engine-api.ts';
import { registerDefinitionRoutes } from './http-definitions.ts';
import { registerDeploymentRoutes } from './http-deployments.ts';
import { answerErrors } from './http-errors.ts';
import { registerEventRoutes } from './http-events.ts';
import { registerExecutionRoutes } from './http-executions.ts';
import { registerExternalTaskLists } from './http-external-task-list.ts';
import { registerExternalTaskRoutes } from './http-external-tasks.ts';
import { registerFetchRoute } from './http-fetch-and-lock.ts';
import { askGuard, type Guard } from './http-guard.ts';
import { registerHistoryRoutes } from './http-history.ts';
import { registerHistoryDetailRoutes } from './http-history-details.ts';
import { registerIncidentRoutes } from './http-incidents.ts';
import { registerInstanceRoutes } from './http-instances.ts';
import { registerJobRoutes } from './http-jobs.ts';
import { json } from './http-json.ts';
import { registerUserTaskList } from './http-user-task-list.ts';
import { registerUserTaskRoutes } from './http-user-tasks.ts';

const BODY_LIMIT = 32 * 1_048_576;
/** Ids of definitions have the key of their process in them, and message names are as long as they like. */
const MAX_PARAMETER_LENGTH = 4_096;

interface ApiOptions {
  /** Null: lets everybody in. */
  guard: Guard | null;
  /** Addresses and networks of the proxies whose X-Forwarded headers are believed; left out: of none. */
  trustProxy?: string;
  now: () => number;
}

/**
 * The embedded engine over Camunda 7's REST API (https://docs.camunda.org/rest/camunda-bpm-platform/7.24/), under
 * /engine-rest: for workers in other languages, and for tests that compare it with other engines.
 */
export function createEngineApi(
  engine: EmbeddedEngine,
  { guard, trustProxy, now }: ApiOptions,
): FastifyInstance {
  const app = Fastify({
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: true,
    trustProxy: trustProxy || false,
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
  });
  if (guard !== null) app.addHook('onRequest', askGuard(guard));
  acceptBodies(app);
  answerErrors(app);
  void app.register(
    async (api) => {
      api.get('/version', (_request, reply) => json(reply, { version: ENGINE_VERSION }));
      api.get('/engine', (_request, reply) => json(reply, [{ name: 'default' }]));
      registerDeploymentRoutes(api, engine);
      registerDefinitionRoutes(api, engine);
      registerInstanceRoutes(api, engine);
      registerExecutionRoutes(api, engine);
      registerEventRoutes(api, engine);
      registerFetchRoute(api, engine);
      registerExternalTaskLists(api, engine);
      registerExternalTaskRoutes(api, engine);
      registerUserTaskList(api, engine);
      registerUserTaskRoutes(api, engine);
      registerJobRoutes(api, engine, now);
      registerIncidentRoutes(api, engine);
      registerHistoryRoutes(api, engine);
      registerHistoryDetailRoutes(api, engine);
    },
    { prefix: '/engine-rest' },
  );
  return app;
}

function acceptBodies(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  // Clients send empty POSTs as JSON, too.
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else {
      const text = String(body);
      const marked = markNumbers(text);
      parseJson(request, marked, (error, parsed) =>
        done(error, marked === text ? parsed : restoreNumbers(parsed)),
      );
    }
  });
  // The files of a deployment.
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}
