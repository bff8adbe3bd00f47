import type BetterSqlite3 from 'better-sqlite3';
import type { Log } from '../../domain/common/index.ts';
import type { GroupCommit } from '../sqlite/group-commit.ts';
import { openSqlite } from '../sqlite/open.ts';
import { openEngine } from './engine.ts';
import type { EmbeddedEngine } from './engine-api.ts';
import { createEngineApi } from './http-api.ts';
import type { Guard } from './http-guard.ts';
import { createEngineStore } from './store/store.ts';

export interface EmbeddedEngineOptions {
  /**
   * Where it keeps its tables:
   * - the file and connection of the event store, which syncs what the engine has written with what it records next;
   * - a file, where the engine is alone with its commits: `synced` ones survive a power cut.
   */
  store: SharedFile | { file: string; durability: 'ordered' | 'synced' };
  /**
   * Instances whose state is kept in memory, by default 2,000; the others are read from the database when something
   * happens.
   */
  liveInstances?: number;
  /** Overwrites in the file what it deletes: for variables that are to be erased. */
  zeroing?: boolean;
  /** Of the jobs that have none in their model; left out: three attempts at once. */
  retryCycle?: string;
  log: Pick<Log, 'warn' | 'error'> & Partial<Pick<Log, 'info'>>;
}

/** A connection that somebody else opened, and will close, with what commits the engine's writes. */
interface SharedFile {
  db: BetterSqlite3.Database;
  ordered: GroupCommit;
}

export interface OpenEngine {
  engine: EmbeddedEngine;
  stop(): Promise<void>;
}

/** Opens the embedded engine in this process. */
export function openEmbeddedEngine(options: EmbeddedEngineOptions): OpenEngine {
  const { store, liveInstances = 2_000, zeroing = false, retryCycle, log } = options;
  const isShared = 'db' in store;
  const db = isShared ? store.db : openSqlite(store.file, store.durability);
  const close = (): void => {
    if (!isShared) db.close();
  };
  try {
    const rows = createEngineStore(db, zeroing, isShared ? store.ordered : undefined);
    const engine = openEngine(rows, {
      log,
      cachedStates: liveInstances,
      ...(retryCycle === undefined ? {} : { retryCycle }),
    });
    return {
      engine,
      async stop() {
        await engine.close();
        close();
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}

export interface ServedEngine {
  /** Base URL of its REST API, as for CAMUNDA_BASE_URL. */
  url: string;
  stop(): Promise<void>;
}

/**
 * Serves an engine over Camunda's REST API.
 *
 * @param options.port 0 takes a free one
 * @param options.guard null: lets everybody in
 */
export async function serveEngine(
  engine: EmbeddedEngine,
  options: { host: string; port: number; guard: Guard | null; trustProxy?: string },
): Promise<ServedEngine> {
  const { host, port, ...access } = options;
  const app = createEngineApi(engine, { ...access, now: Date.now });
  try {
    const address = await app.listen({ host, port });
    return { url: `${address}/engine-rest`, stop: () => app.close() };
  } catch (error) {
    await app.close();
    throw error;
  }
}

export interface RunningEngine extends OpenEngine, ServedEngine {}

/** Opens the engine and serves it to everybody on this machine, on a free port: for test suites and benchmarks. */
export async function startEmbeddedEngine({
  file,
  ...options
}: Omit<EmbeddedEngineOptions, 'store'> & { file: string }): Promise<RunningEngine> {
  const opened = openEmbeddedEngine({ ...options, store: { file, durability: 'ordered' } });
  try {
    const host = '127.0.0.1';
    const served = await serveEngine(opened.engine, { host, port: 0, guard: null });
    return {
      engine: opened.engine,
      url: served.url,
      async stop() {
        // Its open fetches are answered first, so that their connections end.
        await opened.engine.close();
        await served.stop();
        await opened.stop();
      },
    };
  } catch (error) {
    await opened.stop();
    throw error;
  }
}
