import Fastify, { type FastifyInstance, LogController } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import { registerAccess, registerDefaultHeaders } from './access/register.ts';
import { listRoutes } from './access/routes.ts';
import { registerErrorHandler, sendUnreadableUrl } from './answers/error-handler.ts';
import { registerNotFound } from './answers/no-route.ts';
import { registerBody } from './body/register.ts';
import { closeConnections } from './connections/close-connections.ts';
import { closeUnusedConnections } from './connections/close-server.ts';
import { defaultConnectionLimit, limitConnections } from './connections/limit-connections.ts';
import { registerServerAnswers, sendParserError } from './connections/parser-errors.ts';
import { registerDocumentation } from './openapi/documentation.ts';
import type { ServerParts } from './parts/server-parts.ts';
import { lazyChildLogger } from './requests/lazy-child-logger.ts';
import { observeRequests } from './requests/observe-requests.ts';
import { registerReadableUrl } from './requests/readable-url.ts';
import { registerRoutes } from './routes/index.ts';

/** How long a caller has to read an answer that was sent before its body had arrived. */
const LINGER_TIMEOUT_MS = 1_000;

/** Builds the HTTP server; it does not listen yet. */
export async function buildServer(parts: ServerParts): Promise<FastifyInstance> {
  const { limits, access, operations } = parts;
  const app = createApp(parts);
  app.setValidatorCompiler(validatorCompiler);
  // Typed code makes the answers, and tests check them against the schemas; checking each one at run time would
  // cost more than the answer itself.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  registerErrorHandler(app, limits.bodyLimit, operations.idsOf);
  const checkScopes = listRoutes(app);
  registerNotFound(app);
  registerServerAnswers(app);
  limitConnections(
    app.server,
    limits.connectionsPerAddressMax || defaultConnectionLimit(),
    access.trustProxy,
  );
  closeConnections(app, { lingerMs: LINGER_TIMEOUT_MS, stopping: operations.stopping });
  observeRequests(app, operations.observe ?? {});
  closeUnusedConnections(app);
  registerDefaultHeaders(app);
  await registerAccess(app, access);
  registerReadableUrl(app);
  registerBody(app);
  // Before the routes: it records each one as it is registered.
  if (parts.api) await registerDocumentation(app, parts);
  await registerRoutes(app, parts);
  checkScopes();
  return app;
}

function createApp({ log, limits, access }: ServerParts): FastifyInstance {
  return Fastify({
    loggerInstance: log,
    childLoggerFactory: lazyChildLogger,
    // One line per request would be most of the work of a start; failures are logged where they happen.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.bodyLimit,
    trustProxy: access.trustProxy || false,
    // A correlation id of 255 characters may be three times as long when escaped.
    routerOptions: { maxParamLength: 1_000 },
    forceCloseConnections: 'idle',
    frameworkErrors: sendUnreadableUrl,
    clientErrorHandler: sendParserError,
    requestTimeout: limits.requestTimeoutMs,
    http: {
      // A missing Host header is refused below with a problem; Node would send a bare 400.
      requireHostHeader: false,
      requestTimeout: limits.requestTimeoutMs,
      headersTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: Math.min(1_000, limits.requestTimeoutMs / 4),
    },
    // A request that comes over an open connection during the stop is answered like any other; the
    // connection closes after it.
    return503OnClosing: false,
  });
}
