import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import type { Knex } from 'knex';
import { expect, inject } from 'vitest';
import { EVENT_TYPES, isFinal } from '../../domain/process/events.ts';
import { fold } from '../../domain/process/process-state.ts';
import type { Database } from '../../infrastructure/sql/database.ts';
import { openSqliteDatabase } from '../../infrastructure/sqlite/database.ts';
import { openMssqlDatabase } from '../../infrastructure/sqlserver/database.ts';
import { freePort, until } from './children.ts';
import { type ServiceProcess, startServiceProcess } from './commands.ts';
import { type BalancedLoad, startBalancedLoad } from './load.ts';
import { createTestDatabase } from './mssql.ts';
import { copyProcesses } from './process-folders.ts';
import { type RunningRedis, startRedis } from './redis.ts';
import { createFolder, expectWhole, type Folder, type Stream } from './service.ts';
import { recordedRuns } from './service-recorder.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

export interface Cluster {
  folder: Folder;
  /** The own key of a copied test process, on an engine that other tests use as well. */
  key(original: string): string;
  instances: Map<string, ServiceProcess>;
  /** Starts an instance, or starts it again. */
  start(name: string, roles: string, more?: Record<string, string>): Promise<ServiceProcess>;
  /** Stops an instance with SIGTERM, as a supervisor does, and does not start it again. */
  retire(name: string): Promise<void>;
  /** Callers on all instances with the role `api`. */
  load(options: { readyOnly: boolean; pauseMs?: number }): BalancedLoad;
  redis: { url(): string; stop(): Promise<void>; start(): Promise<void> };
  /** The proxy between the instances and the engine. */
  engine: TcpProxy;
  /** Deletes the instance of a process in the engine, as an operator does by hand. */
  deleteInstance(correlationId: string): Promise<void>;
  database: { away(): Promise<void>; back(): Promise<void> };
  /** How many instances the engine has for these processes, ended ones included. */
  countInstances(correlationIds: readonly string[]): Promise<number>;
  /** The events of a process. */
  events(correlationId: string): Promise<Stream['events']>;
  /** Declares a process that must end in an error. */
  expectFailure(correlationId: string): void;
  /**
   * Waits until all accepted processes have ended and are projected, then checks what must always hold: each has ended
   * once, and with `ok` unless declared otherwise; no event is missing; process_store is the fold of the log; no step
   * ran for two tasks of the engine.
   */
  expectAllWhole(accepted: readonly string[]): Promise<Stream[]>;
  stop(): Promise<void>;
}

/** Milliseconds between two starts of a caller: the tests do not need many. */
const PAUSE_MS = 250;

/** Starts the surroundings of many service processes: one database, a Redis of its own, and a real engine. */
export async function startCluster(kind: ClusterDatabase, engineUrl: string): Promise<Cluster> {
  const folder = createFolder();
  const copies = copyProcesses(folder.path, ['counted', 'gated']);
  const opened = await openClusterDatabase(kind, folder);
  const { database } = opened;
  const redisPort = await freePort();
  const redisFolder = join(folder.path, 'redis');
  mkdirSync(redisFolder);
  let redis: RunningRedis = await startRedis(redisPort, redisFolder);
  const target = new URL(engineUrl);
  const engine = await startTcpProxy({ host: target.hostname, port: Number(target.port) });
  const instances = new Map<string, ServiceProcess>();
  const rolesOf = new Map<string, string>();
  const failing = new Set<string>();

  async function streams(): Promise<Stream[]> {
    const ids: string[] = await database.knex('event_log').distinct().pluck('correlation_id');
    return Promise.all(
      ids.map(async (correlationId) => {
        // The row is read first, so that it cannot be ahead of the events.
        const projected = await database.processStore.get(correlationId);
        const events = await database.eventStore.readStream(correlationId);
        return { correlationId, events, folded: fold(events), projected };
      }),
    );
  }

  async function count(query: Knex.QueryBuilder): Promise<number> {
    return Number((await query.first())?.n);
  }

  /** A cheap check, because the test repeats it until it holds. */
  async function looksSettled(): Promise<boolean> {
    const { knex } = database;
    const all = await count(knex('event_log').countDistinct('correlation_id as n'));
    const finals = EVENT_TYPES.filter(isFinal);
    const ends = knex('event_log').whereIn('event_type', finals);
    const ended = await count(ends.countDistinct('correlation_id as n'));
    return all === ended && (await database.outbox.depth()).rows === 0;
  }

  async function settled(): Promise<Stream[] | null> {
    const found = await streams();
    return found.every(({ folded, projected }) => folded?.version === projected?.version)
      ? found
      : null;
  }

  return {
    folder,
    key: copies.key,
    instances,
    async start(name, roles, more = {}) {
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
        RECONCILE_EVERY_MS: '500',
        ...more,
      });
      instances.set(name, instance);
      return instance;
    },
    async retire(name) {
      const instance = instances.get(name);
      instances.delete(name);
      instance?.kill('SIGTERM');
      expect(await instance?.ended, name).toBe(0);
    },
    load: ({ readyOnly, pauseMs = PAUSE_MS }) =>
      startBalancedLoad({
        urls: () =>
          [...instances]
            .filter(([name]) => rolesOf.get(name)?.includes('api'))
            .map(([, { url }]) => url),
        processKey: copies.key('counted'),
        callers: 4,
        pauseMs,
        readyOnly,
        variables: { number: 1, pause: 5 },
      }),
    redis: {
      url: () => redis.url,
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
    async deleteInstance(correlationId) {
      const query = `businessKey=${correlationId}`;
      const answer = await fetch(`${engineUrl}/process-instance?${query}`);
      for (const { id } of (await answer.json()) as { id: string }[]) {
        await fetch(`${engineUrl}/process-instance/${id}`, { method: 'DELETE' });
      }
    },
    events: (correlationId) => database.eventStore.readStream(correlationId),
    expectFailure: (correlationId) => void failing.add(correlationId),
    async expectAllWhole(accepted) {
      await until(looksSettled, 'everything has ended', 120_000);
      const found = await until(settled, 'everything is projected');
      expect(found.map(({ correlationId }) => correlationId)).toEqual(
        expect.arrayContaining([...accepted]),
      );
      expectWhole(found);
      for (const { correlationId, folded } of found) {
        const status = failing.has(correlationId) ? 'error' : 'ok';
        expect(folded, correlationId).toMatchObject({ status });
      }
      // A handler may run again for a task whose worker died, never for another task of the same step.
      const tasks = new Map<string, Set<string>>();
      for (const { correlationId, step, task } of recordedRuns(folder.path)) {
        const key = `${correlationId} ${step}`;
        tasks.set(key, (tasks.get(key) ?? new Set()).add(task));
      }
      for (const [key, { size }] of tasks) expect(size, key).toBe(1);
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

export type ClusterDatabase = 'SQLite' | 'SQL Server';

/** A database that many instances share, and that a test can make unavailable. */
export interface SharedDatabase {
  database: Database;
  /** Settings for the instances. */
  settings: Record<string, string>;
  away(): Promise<void>;
  back(): Promise<void>;
  destroy(): Promise<void>;
}

const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };

/** Opens the database of one test; the test's own connection does not go through the proxy. */
export function openClusterDatabase(
  kind: ClusterDatabase,
  folder: Folder,
): Promise<SharedDatabase> {
  return kind === 'SQLite' ? openSqlite(folder) : openMssql();
}

async function openSqlite(folder: Folder): Promise<SharedDatabase> {
  const database = await openSqliteDatabase({ ...options, file: folder.file });
  const other = new BetterSqlite3(folder.file);
  return {
    database,
    settings: {},
    // Another program locks the file.
    away: async () => void other.exec('BEGIN EXCLUSIVE'),
    back: async () => void other.exec('ROLLBACK'),
    async destroy() {
      other.close();
      await database.close();
    },
  };
}

async function openMssql(): Promise<SharedDatabase> {
  const { url, knexConfig, drop } = await createTestDatabase(inject('mssqlUrl') ?? '');
  const through = new URL(url);
  const port = Number(through.port) || 1433;
  const proxy = await startTcpProxy({ host: through.hostname, port });
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
