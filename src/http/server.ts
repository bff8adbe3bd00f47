import type { Socket } from 'node:net';
import type { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import helmet from '@fastify/helmet';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import type { LogIds } from '../../domain/common/index.ts';
import type { Engine } from '../../domain/engine/index.ts';
import type { EventFeed, FeedSignal } from '../../domain/feed/index.ts';
import type { DeadLetters, Outbox } from '../../domain/outbox/index.ts';
import type {
  EventStore,
  FindProcess,
  ProcessStore,
  Waitroom,
} from '../../domain/process/index.ts';
import type { Analytics, Attention, RollupLag } from '../../domain/rollups/index.ts';
import type { ProcessDefinition } from '../../domain/steps/index.ts';
import type { Metrics } from '../../infrastructure/observability/metrics.ts';
import type { Tracing } from '../../infrastructure/observability/tracing.ts';
import { type AccessOptions, registerAccess, registerDefaultHeaders } from './access/register.ts';
import { listRoutes } from './access/routes.ts';
import { registerNotFound } from './answers/no-route.ts';
import { registerProblems, sendUnreadableUrl } from './answers/problems.ts';
import { registerBody } from './body/register.ts';
import { closeUnread } from './connections/close-unread.ts';
import { defaultConnectionLimit, limitConnections } from './connections/limit-connections.ts';
import { registerServerAnswers, sendParserError } from './connections/parser-errors.ts';
import type { ExportedRows } from './feed/exports.ts';
import { registerDocumentation } from './openapi/documentation.ts';
import { observeRequests } from './requests/observe-requests.ts';
import { registerReadableUrl } from './requests/readable-url.ts';
import { analyticsRoutes } from './routes/analytics.ts';
import { attentionRoutes } from './routes/attention.ts';
import { controlRoutes } from './routes/control.ts';
import { eventRoutes } from './routes/events.ts';
import { failedJobRoutes } from './routes/failed-jobs.ts';
import { feedRoutes } from './routes/feed.ts';
import { type HealthCheck, healthRoutes } from './routes/health.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { queueBoard } from './routes/queue-board.ts';
import { retryRoutes } from './routes/retry.ts';
import { type StartOutcome, startRoutes } from './routes/start.ts';
import { statusRoutes } from './routes/status.ts';
import type { Readers } from './streaming/reader-pace.ts';
import type { LoadLimits } from './waiting/load-limits.ts';

export interface ServerOptions extends AccessOptions {
  log: FastifyBaseLogger;
  definitions: ReadonlyMap<string, ProcessDefinition>;
  /** Of this release. */
  version: string;
  eventStore: EventStore;
  processStore: ProcessStore;
  analytics: Analytics;
  /** Opens what is sealed. */
  eventFeed: EventFeed;
  /** Sealed as they are. */
  feedRows: ExportedRows;
  /** Exports that are sent at once. */
  exportsMax: number;
  feedSignal: FeedSignal;
  engine: Engine;
  waitroom: Waitroom;
  limits: LoadLimits;
  /** Who follows events over an open connection. */
  followers: Readers;
  findProcess: FindProcess;
  newId: () => string;
  checks: Readonly<Record<string, HealthCheck>>;
  stopping: () => boolean;
  /** What a log line says of a process. */
  idsOf?: ((correlationId: string) => LogIds) | undefined;
  deadLetters: DeadLetters;
  attention: Attention;
  outbox: Pick<Outbox, 'depth'>;
  /** How far the rollups are behind the events. */
  rollupLag: () => Promise<RollupLag>;
  /** The queues in Redis as Bull Board shows them; none without Redis. */
  boards: readonly BullMQAdapter[];
  /** Calls back with the queues when they are opened after the server. */
  onBoards?: ((listener: (boards: readonly BullMQAdapter[]) => void) => void) | undefined;
  /** Without it (an instance without the role `api`) only health and metrics are served. */
  api: boolean;
  waitTimeoutMs: number;
  bodyLimit: number;
  /** Milliseconds for a request to come in, its body included. */
  requestTimeoutMs: number;
  /** Connections of one address; 0: half of the files that the process may open. */
  connectionsPerAddressMax: number;
  /** Addresses and networks of the proxies whose X-Forwarded headers are believed; '' for none. */
  trustProxy: string;
  /** Left out: nothing is measured or traced. */
  observe?: HttpObservers | undefined;
}

export interface HttpObservers {
  metrics: Metrics;
  tracing: Tracing;
  /** Brings the gauges up to date that somebody has to be asked for. */
  read: () => Promise<void>;
}

/** Milliseconds to read an answer that came before the body was sent. */
const LINGER_MS = 1_000;

/** Builds the HTTP server; it does not listen yet. */
export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: options.log,
    // One line per request would be most of the work of a start; failures are logged where they are.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: options.bodyLimit,
    trustProxy: options.trustProxy || false,
    // A correlation id of 255 characters may be three times as long when escaped.
    routerOptions: { maxParamLength: 1_000 },
    forceCloseConnections: 'idle',
    frameworkErrors: sendUnreadableUrl,
    clientErrorHandler: sendParserError,
    requestTimeout: options.requestTimeoutMs,
    http: {
      // Without one it is refused below, as a problem; Node would send a bare 400.
      requireHostHeader: false,
      requestTimeout: options.requestTimeoutMs,
      headersTimeout: options.requestTimeoutMs,
      connectionsCheckingInterval: Math.min(1_000, options.requestTimeoutMs / 4),
    },
    // A request that comes over an open connection during the stop is answered like any other; the
    // connection closes after it.
    return503OnClosing: false,
  });
  app.setValidatorCompiler(validatorCompiler);
  // Answers are made by typed code, and tests hold them against the schemas; checking each one again
  // at run time would cost more than the answer itself.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  registerProblems(app, options.bodyLimit, options.idsOf);
  const checkScopes = listRoutes(app);
  registerNotFound(app);
  registerServerAnswers(app);
  limitConnections(
    app.server,
    options.connectionsPerAddressMax || defaultConnectionLimit(),
    options.trustProxy,
  );
  closeUnread(app, LINGER_MS);
  const { observe } = options;
  observeRequests(app, observe ?? {});
  // Callers go to another instance with their next request, and no idle connection holds up the stop.
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (options.stopping()) reply.header('Connection', 'close');
    done(null, payload);
  });
  closeUnusedConnections(app);
  // Strict-Transport-Security is for where TLS ends, which is not here; the other one is set below.
  await app.register(helmet, { contentSecurityPolicy: false, strictTransportSecurity: false });
  registerDefaultHeaders(app);
  await registerAccess(app, options);
  registerReadableUrl(app);
  registerBody(app);
  // Before the routes: it hears of each as it is registered.
  if (options.api) await registerDocumentation(app, options);
  await app.register(healthRoutes, options);
  if (observe) await app.register(metricsRoutes, observe);
  if (options.api) {
    const onStart = (process: string, outcome: StartOutcome): void =>
      observe?.metrics.starts.inc({ process, outcome });
    await app.register(startRoutes, { ...options, ports: options, onStart });
    await app.register(statusRoutes, options);
    await app.register(eventRoutes, options);
    await app.register(analyticsRoutes, { analytics: options.analytics });
    await app.register(feedRoutes, options);
    await app.register(attentionRoutes, options);
    await app.register(controlRoutes, options);
    await app.register(retryRoutes, options);
    await app.register(failedJobRoutes, options);
    await app.register(queueBoard, options);
  }
  checkScopes();
  return app;
}

/** Milliseconds between two looks for connections that have become idle while the server closes. */
const SWEEP_MS = 50;

/** Closes the server when its open answers are sent, or cuts them off when `timeoutMs` are over. */
export async function closeServer(app: FastifyInstance, timeoutMs: number): Promise<void> {
  // Node closes what is idle once, when the close begins; an answer that ends later would leave its
  // connection open until the keep-alive time is over.
  const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS);
  const timer = setTimeout(() => app.server.closeAllConnections(), timeoutMs);
  try {
    await app.close();
  } finally {
    clearInterval(sweep);
    clearTimeout(timer);
  }
}

/**
 * Ends connections that never brought a request when the server closes: browsers and proxies open them
 * ahead of need, Node does not count them as idle, and they would hold up the close for a minute.
 */
function closeUnusedConnections(app: FastifyInstance): void {
  const unused = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  app.server.on('request', ({ socket }) => unused.delete(socket));
  app.addHook('preClose', async () => {
    for (const socket of unused) socket.destroy();
  });
}
