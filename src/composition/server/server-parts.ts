import type { FastifyBaseLogger } from 'fastify';
import { createDeployedProcesses } from '../../../domain/definitions/index.ts';
import type { Engine } from '../../../domain/engine/index.ts';
import { timeOrderedId } from '../../../domain/ids/index.ts';
import { createReadPath } from '../../../domain/process-path/index.ts';
import { rollupLag } from '../../../domain/rollups/index.ts';
import type { TasksElsewhere } from '../../../domain/steps/index.ts';
import { createUserTasks } from '../../../domain/user-tasks/index.ts';
import { readActivities } from '../../../infrastructure/embedded-engine/read-topics.ts';
import type { Database } from '../../../infrastructure/sql/database.ts';
import type { Access } from '../../access/access.ts';
import type { Config } from '../../config.ts';
import type { AccessPart } from '../../http/access/register.ts';
import type { OperationsPart, ServerParts } from '../../http/parts/server-parts.ts';
import { createLoadLimits } from '../../http/waiting/load-limits.ts';
import { openSubscriptions } from '../callbacks/callbacks.ts';
import type { LoadedProcess } from '../definitions/load-processes.ts';
import { NO_TASKS_ELSEWHERE } from '../engine/tasks-elsewhere.ts';
import { VERSION } from '../lifecycle/version.ts';
import { createAdministration } from './administration.ts';
import { CONSOLE_FOLDER } from './console-folder.ts';
import type { Live } from './live.ts';

interface ServerNeeds {
  config: Config;
  log: FastifyBaseLogger;
  processes: readonly LoadedProcess[];
  decrypted: Pick<Database, 'eventStore' | 'processStore' | 'eventFeed'>;
  database: Pick<
    Database,
    | 'apiKeys'
    | 'auditLog'
    | 'bulkStore'
    | 'subscriptionStore'
    | 'deliveryStore'
    | 'eventFeed'
    | 'archive'
    | 'maintenanceLock'
    | 'eventStore'
    | 'processKeys'
    | 'feedRows'
    | 'analytics'
    | 'stuckProcesses'
    | 'outbox'
    | 'rollups'
    | 'rollupSource'
  >;
  live: Live;
  engine: Engine;
  /** Left out: no step is done elsewhere. */
  elsewhere?: TasksElsewhere;
  access: Access;
  rateLimitRedis?: AccessPart['rateLimitRedis'];
  operations: Omit<OperationsPart, 'idsOf'> & Partial<Pick<OperationsPart, 'idsOf'>>;
}

/** The parts of the HTTP server, by the configuration: for the service, the tests and the benchmarks. */
export function createServerParts(needs: ServerNeeds): ServerParts {
  const { config, log, processes, decrypted, database, live, engine, access, operations } = needs;
  const { feedRows, analytics, stuckProcesses, outbox, rollups, rollupSource } = database;
  const { elsewhere = NO_TASKS_ELSEWHERE } = needs;
  const definitions = processes.map(({ definition }) => definition);
  return {
    log,
    version: VERSION,
    api: config.ROLES.includes('api'),
    consoleFolder: CONSOLE_FOLDER,
    definitions: new Map(definitions.map((definition) => [definition.key, definition])),
    engine,
    deployed: createDeployedProcesses({ engine, analytics, definitions, readActivities }),
    callbacks: openSubscriptions(config, database),
    administration: createAdministration({
      config,
      database,
      engine,
      newId: timeOrderedId,
      log,
    }),
    readPath: createReadPath({ engine, ...decrypted, ...live }),
    userTasks: createUserTasks({ engine, ...decrypted, ...live, definitions }),
    elsewhere,
    // Random ids would put each new stream on another page of the indexes: with 64 callers most of a commit.
    newId: timeOrderedId,
    store: {
      ...decrypted,
      feedRows,
      analytics,
      stuckProcesses,
      outbox,
      rollupLag: () => rollupLag({ store: rollups, source: rollupSource, clock: Date.now }),
    },
    live,
    limits: {
      load: createLoadLimits({
        waiting: () => live.waiting() + elsewhere.waiting(),
        makeRoom: live.followers.makeRoom,
        outbox,
        processStore: decrypted.processStore,
        waitersMax: config.WAITERS_MAX,
        backlogMax: config.BACKLOG_MAX,
        pendingMax: config.PENDING_MAX,
        clock: Date.now,
        startDelay: live.startDelay,
        startDelayMaxMs: config.START_DELAY_MAX_MS,
        onRefused: (reason) => operations.observe?.metrics.startsRefused.inc({ reason }),
        log,
      }),
      waitTimeoutMs: config.WAIT_TIMEOUT_MS,
      exportsMax: config.EXPORTS_MAX,
      bodyLimit: config.BODY_LIMIT,
      requestTimeoutMs: config.REQUEST_TIMEOUT_MS,
      connectionsPerAddressMax: config.CONNECTIONS_PER_ADDRESS_MAX,
    },
    access: {
      control: access,
      trustProxy: config.TRUST_PROXY,
      consoleUrl: config.CONSOLE_URL,
      rateLimitPerMinute: config.RATE_LIMIT_PER_MINUTE,
      rateLimitRedis: needs.rateLimitRedis,
    },
    operations: { idsOf: (correlationId) => ({ correlationId }), ...operations },
  };
}
