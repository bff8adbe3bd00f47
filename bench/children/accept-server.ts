import { join } from 'node:path';
import type { Queue } from '../../domain/outbox/index.ts';
import { createRestEngine } from '../../infrastructure/camunda/rest-engine.ts';
import { createInProcessQueue } from '../../infrastructure/in-process/queue.ts';
import { observedEventStore } from '../../infrastructure/observability/observed.ts';
import type { Database } from '../../infrastructure/sql/database.ts';
import { openSqliteDatabase } from '../../infrastructure/sqlite/database.ts';
import { outboxRowOf } from '../../jobs/event-jobs.ts';
import { createRelay } from '../../jobs/relay-outbox.ts';
import { type Access, createAccess, openAccess } from '../../src/access/access.ts';
import { createKeyManager } from '../../src/access/manage-keys.ts';
import { loadProcesses } from '../../src/composition/definitions/load-processes.ts';
import { createLogger } from '../../src/composition/observability/logger.ts';
import { openObservability } from '../../src/composition/observability/observability.ts';
import { createLive } from '../../src/composition/server/live.ts';
import { createServerParts } from '../../src/composition/server/server-parts.ts';
import { readConfig } from '../../src/config.ts';
import { buildServer } from '../../src/http/server.ts';
import { answerCalls } from '../support/child.ts';
import { PROCESSES_DIR } from '../support/four-steps.ts';

/** Accepts every job and runs none: the accept path ends with the publishing. */
const queue: Queue = {
  addBulk: (jobs) => jobs.map(() => Promise.resolve()),
  work: async () => {},
  schedule: async () => {},
  unschedule: async () => {},
  counts: async () => ({}),
  ready: async () => true,
  close: async () => {},
};

interface StartOptions {
  folder: string;
  /** Requires an API key from every caller. */
  guarded?: boolean;
}

let apiKey = '';

async function guard(database: Pick<Database, 'apiKeys' | 'auditLog'>): Promise<Access> {
  apiKey = (await createKeyManager(database, Date.now).create('bench', ['process:start'], null))
    .text;
  const log = createLogger('warn', false);
  return createAccess({
    config: readConfig({ AUTH: 'on' }),
    store: database.apiKeys,
    clock: Date.now,
    log,
  });
}

/** An instance with the roles `api,relay`, on that queue. */
const calls = {
  /** The key for a server that requires one. */
  key: () => apiKey,
  /** CPU time of this process so far, in seconds. */
  cpuSeconds(): number {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  },
  async start({ folder, guarded = false }: StartOptions): Promise<string> {
    const config = readConfig({});
    const log = createLogger('warn', false);
    const processes = await loadProcesses(PROCESSES_DIR);
    const observability = await openObservability(config, log, {});
    const database = await openSqliteDatabase({
      file: join(folder, 'accept.db'),
      clock: Date.now,
      leaseMs: config.OUTBOX_LEASE_MS,
      onAppended: (events) => {
        observeEvents(events);
        relay.publish(events.map((event) => outboxRowOf(event, () => false)));
      },
    });
    const { outbox, processStore, eventFeed } = database;
    const live = createLive({
      config,
      database,
      decrypted: database,
      waitroom: observability.waitroom(),
      log,
    });
    const eventStore = observedEventStore(database.eventStore, observability);
    const observeEvents = observability.events({
      processMap: live.processMap,
      eventStore,
      isPersonal: () => false,
    });
    const relay = createRelay({
      outbox,
      queue,
      log,
      leaseMs: config.OUTBOX_LEASE_MS,
      pollMs: config.OUTBOX_POLL_MS,
      batch: 200,
    });
    const parts = createServerParts({
      // No limits: the benchmark measures how fast the server accepts.
      config: { ...config, BACKLOG_MAX: 0 },
      log,
      processes,
      database,
      decrypted: { eventStore, processStore, eventFeed },
      live,
      // Never called: the jobs that call the engine do not run.
      engine: createRestEngine({ baseUrl: 'http://127.0.0.1:1' }),
      access: guarded ? await guard(database) : openAccess,
      operations: {
        checks: {},
        stopping: () => false,
        deadLetters: createInProcessQueue({ concurrency: 1, log }).deadLetters,
        observe: observability.http({ ...database, ...live, queue }),
      },
    });
    const app = await buildServer(parts);
    relay.start();
    return app.listen({ host: '127.0.0.1', port: 0 });
  },
};

export type AcceptServer = typeof calls;
answerCalls(calls);
