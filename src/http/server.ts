import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import type { ProcessDefinition } from '../../domain/define-process.ts';
import type { Engine, EventStore, ProcessStore } from '../../domain/ports.ts';
import type { Waitroom } from '../../infrastructure/memory/waitroom.ts';
import type { FindProcess } from '../use-cases/find-process.ts';
import { registerDocumentation } from './documentation.ts';
import { registerProblems } from './problems.ts';
import { controlRoutes } from './routes/control.ts';
import { eventRoutes } from './routes/events.ts';
import { type HealthCheck, healthRoutes } from './routes/health.ts';
import { startRoutes } from './routes/start.ts';
import { statusRoutes } from './routes/status.ts';

export interface ServerOptions {
  log: FastifyBaseLogger;
  definitions: ReadonlyMap<string, ProcessDefinition>;
  eventStore: EventStore;
  processStore: ProcessStore;
  engine: Engine;
  waitroom: Waitroom;
  findProcess: FindProcess;
  newId: () => string;
  checks: Readonly<Record<string, HealthCheck>>;
  stopping: () => boolean;
  /** Without it (an instance without the role `api`) only health is served. */
  api: boolean;
  waitTimeoutMs: number;
  bodyLimit: number;
  rateLimitPerMinute: number;
}

/** Builds the HTTP server; it does not listen yet. */
export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: options.log,
    // One line per request would be most of the work of a start; failures are logged where they are.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: options.bodyLimit,
    // A correlation id of 255 characters may be three times as long when escaped.
    routerOptions: { maxParamLength: 1_000 },
    forceCloseConnections: 'idle',
  });
  app.setValidatorCompiler(validatorCompiler);
  // Answers are made by typed code, and tests hold them against the schemas; checking each one again
  // at run time would cost more than the answer itself.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  registerProblems(app, options.bodyLimit);
  await app.register(helmet, { contentSecurityPolicy: false });
  if (options.rateLimitPerMinute > 0) {
    await app.register(rateLimit, {
      max: options.rateLimitPerMinute,
      timeWindow: 60_000,
      allowList: (request) => request.url.startsWith('/health/'),
    });
  }
  await app.register(healthRoutes, options);
  if (options.api) {
    await registerDocumentation(app, options.definitions);
    await app.register(startRoutes, { ...options, ports: options });
    await app.register(statusRoutes, options);
    await app.register(eventRoutes, options);
    await app.register(controlRoutes, options);
  }
  return app;
}
