import type { FastifyBaseLogger } from 'fastify';
import { SetupError } from '../domain/errors.ts';
import { startEmbeddedEngine } from '../infrastructure/engine/embedded/start.ts';
import { createRestEngine, type RestEngine } from '../infrastructure/engine/rest-engine.ts';
import type { Config } from './config.ts';
import { databaseFile } from './database-target.ts';
import type { LoadedProcess } from './load-processes.ts';

export interface ProcessEngine {
  baseUrl: string;
  engine: RestEngine;
  stop(): Promise<void>;
}

/** Opens the configured engine, or starts the embedded one, and deploys the processes to it. */
export async function openProcessEngine(
  config: Config,
  processes: readonly LoadedProcess[],
  log: FastifyBaseLogger,
): Promise<ProcessEngine> {
  const given = config.CAMUNDA_BASE_URL;
  const embedded =
    given === '' ? await startEmbeddedEngine({ file: databaseFile(config), log }) : undefined;
  const baseUrl = embedded?.url ?? given;
  const engine = createRestEngine({
    baseUrl,
    username: config.CAMUNDA_USERNAME,
    password: config.CAMUNDA_PASSWORD,
  });
  const stop = async (): Promise<void> => {
    await engine.close();
    await embedded?.stop();
  };
  try {
    const version = await engine.version();
    for (const { definition, fileName, bpmn } of processes) {
      await engine.deploy(definition.key, [{ fileName, content: bpmn }]);
    }
    log.info({ engine: embedded ? 'embedded' : baseUrl, version }, 'process engine ready');
    return { baseUrl, engine, stop };
  } catch (cause) {
    await stop();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SetupError(given === '' ? reason : `CAMUNDA_BASE_URL: ${reason}`, { cause });
  }
}
