import { join } from 'node:path';
import type { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { FastifyInstance } from 'fastify';
import pino, { type Logger } from 'pino';
import type { FeedSignal } from '../../domain/feed/feed-signal.ts';
import type { EventStore } from '../../domain/process/event-store.ts';
import type { ProcessEvent } from '../../domain/process/events.ts';
import { createWaitroom, type Waitroom } from '../../domain/process/waitroom.ts';
import { createRestEngine } from '../../infrastructure/camunda/rest-engine.ts';
import { createInProcessQueue } from '../../infrastructure/in-process/queue.ts';
import type { Database } from '../../infrastructure/sql/database.ts';
import { openSqliteDatabase } from '../../infrastructure/sqlite/database.ts';
import { type Access, openAccess } from '../../src/access/access.ts';
import { loadProcesses } from '../../src/composition/definitions/load-processes.ts';
import { createLive } from '../../src/composition/server/live.ts';
import { createServerParts } from '../../src/composition/server/server-parts.ts';
import { type Config, readConfig } from '../../src/config.ts';
import type { AccessPart } from '../../src/http/access/register.ts';
import { closeServer } from '../../src/http/connections/close-server.ts';
import { buildServer } from '../../src/http/server.ts';
import type { LoadLimits } from '../../src/http/waiting/load-limits.ts';
import { temporaryFolder } from './databases.ts';
import { silent } from './queues.ts';
import { TEST_PROCESSES } from './service.ts';
import { type Api, createApi } from './service-api.ts';

export interface Parts {
  api: Api;
  app: FastifyInstance;
  database: Database;
  /** The file of the database. */
  file: string;
  waitroom: Waitroom;
  feedSignal: FeedSignal;
  /** Polls the database only when a test does. */
  load: LoadLimits;
  /** Appends to a stream, projects it and notifies the waiters, in place of queue and engine. */
  advance(correlationId: string, event: ProcessEvent): Promise<void>;
  /** Makes `/health/ready` report that the service stops. */
  beginStop(): void;
  stop(): Promise<void>;
}

export interface PartsOptions {
  log?: Logger;
  /** By default access control is off. */
  makeAccess?: (database: Pick<Database, 'apiKeys' | 'auditLog'>) => Promise<Access>;
  rateLimitRedis?: AccessPart['rateLimitRedis'];
  /** Settings that differ from the defaults. */
  config?: Partial<Config>;
  /** By default an engine that is away. */
  engineUrl?: string;
  /** By default the test processes. */
  processesDir?: string;
  /** Queues in Redis for Bull Board. */
  boards?: readonly BullMQAdapter[];
  /** Sent with every call of `api`. */
  headers?: Record<string, string>;
}

/**
 * The HTTP server on a real database, without relay, projector and engine. So a test decides when a process advances.
 *
 * @param wrap wraps the event store that the routes use
 */
export async function startParts(
  wrap: (eventStore: EventStore, advance: Parts['advance']) => EventStore = (eventStore) =>
    eventStore,
  more: PartsOptions = {},
): Promise<Parts> {
  const folder = temporaryFolder();
  const file = join(folder.path, 'test.db');
  const database = await openSqliteDatabase({
    file,
    clock: Date.now,
    leaseMs: 0,
    onAppended: () => feedSignal.wake(),
  });
  const { eventStore, processStore, eventFeed } = database;
  const config: Config = { ...readConfig({}), BACKLOG_MAX: 0, ...more.config };
  const processes = await loadProcesses(more.processesDir ?? TEST_PROCESSES);
  const live = createLive({
    config,
    database,
    decrypted: database,
    waitroom: createWaitroom(),
    log: silent,
  });
  const { waitroom, feedSignal } = live;
  let stopping = false;

  async function advance(correlationId: string, event: ProcessEvent): Promise<void> {
    await eventStore.append(correlationId, [event]);
    const state = await processStore.project(correlationId);
    if (state) live.onState(state);
  }

  // By default no program listens there: most of these tests need only an engine that is away.
  const engine = createRestEngine({ baseUrl: more.engineUrl ?? 'http://127.0.0.1:9/engine-rest' });
  const { boards } = more;
  const serverParts = createServerParts({
    config,
    log: more.log ?? pino({ level: 'silent' }),
    processes,
    database,
    decrypted: { eventStore: wrap(eventStore, advance), processStore, eventFeed },
    live,
    engine,
    access: more.makeAccess ? await more.makeAccess(database) : openAccess,
    rateLimitRedis: more.rateLimitRedis,
    operations: {
      checks: { database: () => database.ping(), engine: () => engine.version() },
      stopping: () => stopping,
      deadLetters: createInProcessQueue({ concurrency: 1, log: silent }).deadLetters,
      onBoards: boards && ((listener) => listener(boards)),
    },
  });
  const app = await buildServer(serverParts);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    api: await createApi(url, more.headers),
    app,
    database,
    file,
    waitroom,
    feedSignal,
    load: serverParts.limits.load,
    advance,
    beginStop() {
      stopping = true;
      live.releaseAll();
    },
    async stop() {
      await closeServer(app, 5_000);
      await engine.close();
      await database.close();
      folder.remove();
    },
  };
}
