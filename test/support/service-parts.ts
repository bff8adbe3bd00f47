import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { FastifyInstance } from 'fastify';
import pino, { type Logger } from 'pino';
import type { ApiKeyStore } from '../../domain/access/access.ts';
import { createFeedSignal, type FeedSignal } from '../../domain/feed/feed-signal.ts';
import type { EventStore } from '../../domain/process/event-store.ts';
import type { ProcessEvent } from '../../domain/process/events.ts';
import { createFindProcess } from '../../domain/process/find-process.ts';
import { createProcessMap } from '../../domain/process/process-map.ts';
import { createWaitroom, type Waitroom } from '../../domain/process/waitroom.ts';
import { rollupLag } from '../../domain/rollups/rollup-lag.ts';
import { createRestEngine } from '../../infrastructure/camunda/rest-engine.ts';
import { createInProcessQueue } from '../../infrastructure/in-process/queue.ts';
import type { Database } from '../../infrastructure/sql/database.ts';
import { openSqliteDatabase } from '../../infrastructure/sqlite/database.ts';
import { type Access, openAccess } from '../../src/access/access.ts';
import { loadProcesses } from '../../src/composition/definitions/load-processes.ts';
import { VERSION } from '../../src/composition/lifecycle/version.ts';
import type { AccessOptions } from '../../src/http/access/register.ts';
import { buildServer, closeServer } from '../../src/http/server.ts';
import { createReaders } from '../../src/http/streaming/reader-pace.ts';
import { createLoadLimits } from '../../src/http/waiting/load-limits.ts';
import { temporaryFolder } from './databases.ts';
import { silent } from './queues.ts';
import { TEST_PROCESSES } from './service.ts';
import { type Api, createApi } from './service-api.ts';

export interface Parts {
  api: Api;
  app: FastifyInstance;
  database: Database;
  /** Where the database is. */
  file: string;
  waitroom: Waitroom;
  feedSignal: FeedSignal;
  /** Appends to a stream, projects it and tells who waits: what queue and engine would have led to. */
  goOn(correlationId: string, event: ProcessEvent): Promise<void>;
  /** From here on `/health/ready` says that the service stops. */
  beginStop(): void;
  stop(): Promise<void>;
}

export interface PartsOptions {
  log?: Logger;
  /** Left out: everybody gets in. */
  makeAccess?: (store: ApiKeyStore) => Promise<Access>;
  rateLimitPerMinute?: number;
  rateLimitRedis?: AccessOptions['rateLimitRedis'];
  trustProxy?: string;
  requestTimeoutMs?: number;
  connectionsPerAddressMax?: number;
  /** Left out: an engine that is away. */
  engineUrl?: string;
  /** Left out: the processes made for tests. */
  processesDir?: string;
  /** Queues in Redis to look at. */
  boards?: readonly BullMQAdapter[];
  /** Sent with every call of `api`. */
  headers?: Record<string, string>;
}

/**
 * The HTTP side on a real database and nothing behind it: no relay, no projector, no engine. So a test
 * decides when anything goes on.
 *
 * @param wrap may stand between the routes and the event store
 */
export async function startParts(
  wrap: (eventStore: EventStore, goOn: Parts['goOn']) => EventStore = (eventStore) => eventStore,
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
  const feedSignal = createFeedSignal({ feed: eventFeed, log: silent });
  const waitroom = createWaitroom();
  const processMap = createProcessMap(1_000);
  const processes = await loadProcesses(more.processesDir ?? TEST_PROCESSES);
  let stopping = false;

  async function goOn(correlationId: string, event: ProcessEvent): Promise<void> {
    await eventStore.append(correlationId, [event]);
    const state = await processStore.project(correlationId);
    if (state && processMap.set(state)) waitroom.notify(state);
  }

  const followers = createReaders();
  // Nobody listens there, and most tests of these parts ask it for no more than being away.
  const engine = createRestEngine({ baseUrl: more.engineUrl ?? 'http://127.0.0.1:9/engine-rest' });
  const app = await buildServer({
    log: more.log ?? pino({ level: 'silent' }),
    version: VERSION,
    definitions: new Map(processes.map(({ definition }) => [definition.key, definition])),
    eventStore: wrap(eventStore, goOn),
    analytics: database.analytics,
    processStore,
    eventFeed,
    feedRows: database.feedRows,
    exportsMax: 4,
    feedSignal,
    engine,
    waitroom,
    followers,
    limits: createLoadLimits({
      waiting: () => waitroom.size() + feedSignal.size(),
      makeRoom: followers.makeRoom,
      outbox: database.outbox,
      processStore,
      waitersMax: 100_000,
      backlogMax: 0,
      pendingMax: 0,
      log: { debug() {} },
    }),
    findProcess: createFindProcess({ processMap, processStore, eventStore }),
    newId: randomUUID,
    checks: { database: () => database.ping(), engine: () => engine.version() },
    stopping: () => stopping,
    api: true,
    deadLetters: createInProcessQueue({ concurrency: 1, log: silent }).deadLetters,
    attention: database.attention,
    outbox: database.outbox,
    rollupLag: () =>
      rollupLag({ store: database.rollups, source: database.rollupSource, clock: Date.now }),
    boards: more.boards ?? [],
    waitTimeoutMs: 25_000,
    bodyLimit: 1_048_576,
    requestTimeoutMs: more.requestTimeoutMs ?? 30_000,
    connectionsPerAddressMax: more.connectionsPerAddressMax ?? 0,
    rateLimitPerMinute: more.rateLimitPerMinute ?? 0,
    rateLimitRedis: more.rateLimitRedis,
    access: more.makeAccess ? await more.makeAccess(database.apiKeys) : openAccess,
    trustProxy: more.trustProxy ?? '',
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    api: await createApi(url, more.headers),
    app,
    database,
    file,
    waitroom,
    feedSignal,
    goOn,
    beginStop() {
      stopping = true;
      waitroom.releaseAll();
      feedSignal.close();
    },
    async stop() {
      await closeServer(app, 5_000);
      await engine.close();
      await database.close();
      folder.remove();
    },
  };
}
