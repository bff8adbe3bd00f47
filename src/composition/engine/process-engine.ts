import type { Log } from '../../../domain/common/index.ts';
import { bearerAuth, type EngineAuth } from '../../../infrastructure/camunda/engine-auth.ts';
import { createRestEngine, type RestEngine } from '../../../infrastructure/camunda/rest-engine.ts';
import { startEmbeddedEngine } from '../../../infrastructure/embedded-engine/start.ts';
import type { Config } from '../../config.ts';
import { databaseFile } from '../database/database-target.ts';
import type { LoadedProcess } from '../definitions/load-processes.ts';
import { deployProcesses, startsWhenDeployed } from './deploy-processes.ts';
import { newEngineSecret, openEngineAuth, readEngineAccess } from './engine-access.ts';

export interface ProcessEngine {
  baseUrl: string;
  auth: EngineAuth;
  engine: RestEngine;
  /** Why the processes are not deployed yet, in one sentence; null once they are. */
  trouble(): string | null;
  stop(): Promise<void>;
}

/**
 * Connects to the configured engine, or starts the embedded one, and deploys the processes to it: at once, or when an
 * engine that is unavailable answers.
 *
 * @throws SetupError with one line that says what to change
 */
export async function openProcessEngine(
  config: Config,
  processes: readonly LoadedProcess[],
  log: Log,
): Promise<ProcessEngine> {
  const access = readEngineAccess(config);
  const secret = newEngineSecret();
  const embedded =
    access.baseUrl === ''
      ? await startEmbeddedEngine({
          file: databaseFile(config),
          secret,
          // Without a key, personal data is in the clear in the same file and cannot be erased anyway.
          zeroing: config.PERSONAL_DATA_KEY !== '',
          log,
        })
      : undefined;
  const baseUrl = embedded?.url ?? access.baseUrl;
  const auth = embedded ? bearerAuth(secret) : openEngineAuth(access);
  const engine = createRestEngine({
    baseUrl,
    auth,
    callerTimeoutMs: config.ENGINE_CALL_TIMEOUT_MS,
  });
  const stop = async (): Promise<void> => {
    await auth.close();
    await engine.close();
    await embedded?.stop();
  };
  try {
    const deployment = await deployProcesses(engine, processes, access, log);
    return {
      baseUrl,
      auth,
      engine: startsWhenDeployed(engine, deployment),
      trouble: deployment.trouble,
      async stop() {
        deployment.stop();
        await stop();
      },
    };
  } catch (cause) {
    await stop();
    throw cause;
  }
}
