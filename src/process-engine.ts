import { EngineRefusedError, SetupError } from '../domain/errors.ts';
import { startEmbeddedEngine } from '../infrastructure/engine/embedded/start.ts';
import { bearerAuth, type EngineAuth } from '../infrastructure/engine/engine-auth.ts';
import { createRestEngine, type RestEngine } from '../infrastructure/engine/rest-engine.ts';
import type { Config } from './config.ts';
import { databaseFile } from './database-target.ts';
import { newEngineSecret, openEngineAuth, readEngineAccess } from './engine-access.ts';
import { explainEngineTrouble } from './explain-engine-trouble.ts';
import type { LoadedProcess } from './load-processes.ts';
import type { PartLog } from './observability/log-with-traces.ts';

export interface ProcessEngine {
  baseUrl: string;
  auth: EngineAuth;
  engine: RestEngine;
  stop(): Promise<void>;
}

/**
 * Opens the configured engine, or starts the embedded one, and deploys the processes to it; the engine
 * leaves out those that have not changed.
 *
 * @throws SetupError with one line that says what to change
 */
export async function openProcessEngine(
  config: Config,
  processes: readonly LoadedProcess[],
  log: PartLog,
): Promise<ProcessEngine> {
  const access = readEngineAccess(config);
  const secret = newEngineSecret();
  const embedded =
    access.baseUrl === ''
      ? await startEmbeddedEngine({
          file: databaseFile(config),
          secret,
          // Otherwise personal data is in the clear in the same file, and cannot be erased anyway.
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
    const version = await engine.version();
    for (const process of processes) await deploy(process);
    log.info({ engine: embedded ? 'embedded' : baseUrl, version }, 'process engine ready');
    return { baseUrl, auth, engine, stop };
  } catch (cause) {
    await stop();
    if (cause instanceof SetupError) throw cause;
    if (embedded) {
      throw new SetupError(cause instanceof Error ? cause.message : String(cause), { cause });
    }
    throw new SetupError(explainEngineTrouble(cause, access), { cause });
  }

  async function deploy({ definition, fileName, bpmn }: LoadedProcess): Promise<void> {
    try {
      await engine.deploy(definition.key, [{ fileName, content: bpmn }]);
    } catch (cause) {
      if (!(cause instanceof EngineRefusedError) || cause.httpStatus !== 400) throw cause;
      const reason = cause.message.replaceAll(/\s+/g, ' ');
      throw new SetupError(`PROCESSES_DIR: the engine refuses ${fileName}: ${reason}`, { cause });
    }
  }
}
