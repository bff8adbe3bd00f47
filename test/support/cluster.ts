import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { expect, inject } from 'vitest';
import { isFinal } from '../../domain/events.ts';
import { fold } from '../../domain/process.ts';
import type { Database } from '../../infrastructure/sql/database.ts';
import { openMssqlDatabase } from '../../infrastructure/sql/mssql/database.ts';
import { openSqliteDatabase } from '../../infrastructure/sql/sqlite/database.ts';
import { type BalancedLoad, startBalancedLoad } from './balanced-load.ts';
import { freePort, until } from './children.ts';
import { createTestDatabase } from './mssql.ts';
import { type PartnerProxy, startPartnerProxy } from './partner-proxy.ts';
import { type RunningRedis, startRedis } from './redis.ts';
import { createFolder, type Folder, type Stream, settingsFor } from './service.ts';
import { expectWhole } from './service-checks.ts';
import { copyProcesses } from './service-copies.ts';
import { type ServiceProcess, startServiceProcess } from './service-process.ts';
import { recordedRuns } from './service-recorder.ts';

export type ClusterDatabase = 'SQLite' | 'SQL Server';

export interface Cluster {
  folder: Folder;
  /** The key of a test process, on an engine that others use as well. */
  key(original: string): string;
  instances: Map<string, ServiceProcess>;
  /** Starts an instance, or starts it again. */
  start(name: string, roles: string): Promise<ServiceProcess>;
  /** Callers on all instances with the role `api`. */
  load(options: { readyOnly: boolean; pause?: number }): BalancedLoad;
  redis: { stop(): Promise<void>; start(): Promise<void> };
  engine: PartnerProxy;
  database: { away(): Promise<void>; back(): Promise<void> };
  /** How many instances of these processes have ended in the engine, each by itself. */
  countInstances(correlationIds: readonly string[]): Promise<number>;
  streams(): Promise<Stream[]>;
  /**
   * Waits until everything accepted has ended and been projected, then holds it against what must be
   * true of it whatever happened: ended once, nothing missing, process_store the fold of the log.
   */
  expectAllWhole(accepted: readonly string[]): Promise<Stream[]>;
  stop(): Promise<void>;
}

interface OpenDatabase {
  database: Database;
  settings: Record<string, string>;
  away(): Promise<void>;
  back(): Promise<void>;
  destroy(): Promise<void>;
}

const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };

/** A place for many service processes: one database, a Redis of its own, and a real engine. */
export async function startCluster(kind: ClusterDatabase, engineUrl: string): Promise<Cluster> {
  const folder = createFolder();
  const copies = copyProcesses(folder.path, ['counted', 'gated']);
  const opened = kind === 'SQLite' ? await openSqlite(folder) : await openMssql();
  const { database } = opened;
  const redisPort = await freePort();
  const redisFolder = join(folder.path, 'redis');
  mkdirSync(redisFolder);
  let redis: RunningRedis = await startRedis(redisPort, redisFolder);
  const target = new URL(engineUrl);
  const engine = await startPartnerProxy({ host: target.hostname, port: Number(target.port) });
  const instances = new Map<string, ServiceProcess>();
  const rolesOf = new Map<string, string>();

  async function streams(): Promise<Stream[]> {
    const ids: string[] = await database.knex('event_log').distinct().pluck('correlation_id');
    return Promise.all(
      ids.map(async (correlationId) => {
        // In this order: what is projected later is in neither.
        const projected = await database.processStore.get(correlationId);
        const events = await database.eventStore.readStream(correlationId);
        return { correlationId, events, folded: fold(events), projected };
      }),
    );
  }

  async function settled(): Promise<boolean> {
    if ((await database.outbox.depth()).rows > 0) return false;
    return (await streams()).every(
      ({ events, folded, projected }) =>
        events.some(({ type }) => isFinal(type)) && folded?.version === projected?.version,
    );
  }

  return {
    folder,
    key: copies.key,
    instances,
    async start(name, roles) {
      rolesOf.set(name, roles);
      const instance = await startServiceProcess(folder, {
        ...opened.settings,
        PROCESSES_DIR: copies.directory,
        ROLES: roles,
        REDIS_URL: redis.url,
        CAMUNDA_BASE_URL: `http://127.0.0.1:${engine.port}${target.pathname}`,
        LOG_LEVEL: 'info',
        LOCK_DURATION_MS: '2000',
        OUTBOX_LEASE_MS: '2000',
        JOB_LOCK_MS: '2000',
        SHUTDOWN_DELAY_MS: '1500',
        SHUTDOWN_TIMEOUT_MS: '20000',
      });
      instances.set(name, instance);
      return instance;
    },
    load: ({ readyOnly, pause = 5 }) =>
      startBalancedLoad({
        urls: () =>
          [...instances]
            .filter(([name]) => rolesOf.get(name)?.includes('api'))
            .map(([, { url }]) => url),
        processKey: copies.key('counted'),
        callers: 4,
        readyOnly,
        variables: { number: 1, pause },
      }),
    redis: {
      stop: () => redis.stop(),
      async start() {
        redis = await startRedis(redisPort, redisFolder);
      },
    },
    engine,
    database: opened,
    async countInstances(correlationIds) {
      const query = `processDefinitionKey=${copies.key('counted')}&completed=true`;
      const answer = await fetch(`${engineUrl}/history/process-instance?${query}`);
      const found = (await answer.json()) as { businessKey: string }[];
      const asked = new Set(correlationIds);
      return found.filter(({ businessKey }) => asked.has(businessKey)).length;
    },
    streams,
    async expectAllWhole(accepted) {
      await until(settled, 'everything has ended and is projected', 120_000);
      const found = await streams();
      expect(found.map(({ correlationId }) => correlationId)).toEqual(
        expect.arrayContaining([...accepted]),
      );
      expectWhole(found);
      // A handler may run again for a task whose worker died, never for another task of the same step.
      const tasks = new Map<string, Set<string>>();
      for (const { correlationId, step, task } of recordedRuns(folder.path)) {
        const place = `${correlationId} ${step}`;
        tasks.set(place, (tasks.get(place) ?? new Set()).add(task));
      }
      for (const [place, { size }] of tasks) expect(size, place).toBe(1);
      return found;
    },
    async stop() {
      for (const instance of instances.values()) instance.kill('SIGKILL');
      await Promise.all([...instances.values()].map(({ ended }) => ended));
      await copies.removeFrom(engineUrl);
      await engine.stop();
      await redis.stop();
      await opened.destroy();
      folder.remove();
    },
  };
}

async function openSqlite(folder: Folder): Promise<OpenDatabase> {
  const database = await openSqliteDatabase({ ...options, file: folder.file });
  const foreigner = new BetterSqlite3(settingsFor(folder).DATA_DIR.concat('/fastify-camunda.db'));
  return {
    database,
    settings: {},
    // Somebody else's program has the file and does not let go of it.
    away: async () => void foreigner.exec('BEGIN EXCLUSIVE'),
    back: async () => void foreigner.exec('ROLLBACK'),
    async destroy() {
      foreigner.close();
      await database.close();
    },
  };
}

async function openMssql(): Promise<OpenDatabase> {
  const { url, knexConfig, drop } = await createTestDatabase(inject('mssqlUrl') ?? '');
  const through = new URL(url);
  const port = Number(through.port) || 1433;
  const proxy = await startPartnerProxy({ host: through.hostname, port });
  through.host = `127.0.0.1:${proxy.port}`;
  const database = await openMssqlDatabase({ ...options, url, knexConfig });
  return {
    database,
    settings: { DATABASE_URL: through.href },
    away: proxy.cut,
    back: proxy.heal,
    async destroy() {
      await database.close();
      await proxy.stop();
      await drop();
    },
  };
}
