import Fastify, { type FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { EmbeddedEngine } from './engine.ts';
import type { EngineStore } from './engine-store.ts';
import { registerExternalTaskRoutes } from './http-external-tasks.ts';
import { registerInspectionRoutes } from './http-inspection.ts';
import { registerInstanceRoutes } from './http-instances.ts';
import { json } from './http-json.ts';
import { askForSecret } from './http-secret.ts';
import { BadRequest } from './typed-value.ts';

/** What the embedded engine says it is: the REST API it follows. */
const EMBEDDED_VERSION = '7.24.0-embedded';
const BODY_LIMIT = 32 * 1_048_576;

/**
 * The subset of Camunda 7's REST API (https://docs.camunda.org/rest/camunda-bpm-platform/7.24/) that
 * the service and the external-task client use, under /engine-rest.
 *
 * @param secret the secret that every call must send; null: calls need none
 */
export function createEngineApi(
  engine: EmbeddedEngine,
  store: EngineStore,
  secret: string | null,
): FastifyInstance {
  const app = Fastify({ bodyLimit: BODY_LIMIT, forceCloseConnections: true });
  // Before anything of a body is read, and for paths that there are not, too.
  if (secret !== null) app.addHook('onRequest', askForSecret(secret));
  // The client's empty POSTs, and the files of a deployment.
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof BadRequest) {
      return json(reply.code(error.status), { type: error.type, message: error.message, code: 0 });
    }
    const message = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    // Trouble with the file is no fault of the call, which may be made again when that is over.
    const status = error instanceof z.ZodError ? 400 : isSqliteError(error) ? 503 : 500;
    const type = error instanceof z.ZodError ? 'InvalidRequestException' : 'RestException';
    return json(reply.code(status), { type, message, code: 0 });
  });
  app.setNotFoundHandler((request, reply) =>
    json(reply.code(404), {
      type: 'NotFoundException',
      message: `the embedded engine has no ${request.method} ${request.url}`,
    }),
  );
  void app.register(
    async (api) => {
      api.get('/version', (_request, reply) => json(reply, { version: EMBEDDED_VERSION }));
      registerInstanceRoutes(api, engine, store);
      registerExternalTaskRoutes(api, engine);
      registerInspectionRoutes(api, engine, store);
    },
    { prefix: '/engine-rest' },
  );
  return app;
}

function isSqliteError(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && code.startsWith('SQLITE_');
}
