import type { Log } from '../../../domain/common/index.ts';
import type { Engine } from '../../../domain/engine/index.ts';
import { createDirectEngine } from '../../../infrastructure/embedded-engine/direct-engine.ts';
import type {
  EmbeddedEngine,
  UnreadableInstance,
} from '../../../infrastructure/embedded-engine/engine-api.ts';
import { openEmbeddedEngine } from '../../../infrastructure/embedded-engine/start.ts';
import type { SqliteWriter } from '../../../infrastructure/sqlite/database.ts';
import type { Config } from '../../config.ts';
import { databaseFile } from '../database/database-target.ts';
import type { LoadedProcess } from '../definitions/load-processes.ts';
import { deployProcesses, startsWhenDeployed } from './deploy-processes.ts';
import { type EngineAccess, openEngineAuth, readEngineAccess } from './engine-access.ts';
import { createEngineContact, type EngineContact } from './engine-contact.ts';
import type { TaskSource } from './step-worker.ts';

export interface ProcessEngine {
  engine: Engine;
  tasks: TaskSource;
  /** What the polls of the worker show of it. */
  contact: EngineContact;
  /** Null with an engine at CAMUNDA_BASE_URL. */
  embedded: EmbeddedEngine | null;
  /** Why the processes are not deployed yet, in one sentence; null once they are. */
  trouble(): string | null;
  /** Instances of the embedded engine that stand still, because their state cannot be read. */
  unreadable(): UnreadableInstance[];
  stop(): Promise<void>;
}

type Opened = Pick<ProcessEngine, 'engine' | 'tasks' | 'embedded' | 'unreadable' | 'stop'>;

/**
 * Connects to the configured engine, or opens the embedded one, and deploys the processes to it: at once, or when an
 * engine that is unavailable answers.
 *
 * @param writer of the service's own SQLite file; undefined with SQL Server
 * @throws SetupError with one line that says what to change
 */
export async function openProcessEngine(
  config: Config,
  processes: readonly LoadedProcess[],
  writer: SqliteWriter | undefined,
  log: Log,
): Promise<ProcessEngine> {
  const access = readEngineAccess(config);
  const opened =
    access.baseUrl === '' ? openEmbedded(config, writer, log) : await connect(config, access);
  try {
    const deployment = await deployProcesses(opened.engine, processes, access, log);
    return {
      ...opened,
      engine: startsWhenDeployed(opened.engine, deployment),
      trouble: deployment.trouble,
      contact: createEngineContact(() => performance.now()),
      async stop() {
        deployment.stop();
        await opened.stop();
      },
    };
  } catch (cause) {
    await opened.stop();
    throw cause;
  }
}

/**
 * The embedded engine, in this process.
 *
 * @param writer of the service's own SQLite file, if this process has opened it
 * @param zeroing overwrites what is deleted; without a key, personal data is in the clear in the same file and cannot
 *   be erased anyway
 */
export function openEmbedded(
  config: Pick<Config, 'DATA_DIR' | 'DATABASE_URL' | 'ENGINE_RETRY_CYCLE' | 'PERSONAL_DATA_KEY'>,
  writer: SqliteWriter | undefined,
  log: Pick<Log, 'warn' | 'error'>,
  zeroing = config.PERSONAL_DATA_KEY !== '',
): Opened {
  const { engine: embedded, stop } = openEmbeddedEngine({
    store: writer ?? {
      file: databaseFile(config),
      // With SQL Server the file is the engine's alone, and nothing else syncs it.
      durability: config.DATABASE_URL === '' ? 'ordered' : 'synced',
    },
    zeroing,
    ...(config.ENGINE_RETRY_CYCLE === '' ? {} : { retryCycle: config.ENGINE_RETRY_CYCLE }),
    log,
  });
  const engine = createDirectEngine(embedded);
  return {
    engine,
    tasks: { kind: 'embedded', engine: embedded },
    embedded,
    unreadable: embedded.unreadable,
    async stop() {
      await engine.close();
      await stop();
    },
  };
}

/** An engine at CAMUNDA_BASE_URL; what speaks to it is loaded only then. */
async function connect(config: Config, access: EngineAccess): Promise<Opened> {
  const [{ createRestEngine }, { startWorker }] = await Promise.all([
    import('../../../infrastructure/camunda/rest-engine.ts'),
    import('../../../infrastructure/camunda/start-worker.ts'),
  ]);
  const { baseUrl } = access;
  const auth = openEngineAuth(access);
  const callerTimeoutMs = config.ENGINE_CALL_TIMEOUT_MS;
  const engine = createRestEngine({ baseUrl, auth, callerTimeoutMs });
  return {
    engine,
    tasks: { kind: 'rest', startWorker, baseUrl, auth },
    embedded: null,
    unreadable: () => [],
    async stop() {
      await auth.close();
      await engine.close();
    },
  };
}
