import { type Log, SetupError } from '../../../domain/common/index.ts';
import type { Engine } from '../../../domain/engine/index.ts';
import { createRestEngine } from '../../../infrastructure/camunda/rest-engine.ts';
import { isBusy } from '../../../infrastructure/sqlite/file-lock.ts';
import { lockDataDir } from '../../composition/database/data-lock.ts';
import { openEngineAuth, readEngineAccess } from '../../composition/engine/engine-access.ts';
import { openEmbedded } from '../../composition/engine/process-engine.ts';
import type { Config } from '../../config.ts';

interface EngineForErasure {
  engine: Engine;
  close(): Promise<void>;
}

/**
 * The engine that holds variables and history. The embedded one lives in the service: while no service runs on
 * the folder it is opened here, and no service can start meanwhile.
 *
 * @returns null when a service with the embedded engine is running: that service has to do it
 * @throws SetupError
 */
export async function openEngineForErasure(
  config: Config,
  log: Pick<Log, 'warn' | 'error'>,
): Promise<EngineForErasure | null> {
  const access = readEngineAccess(config);
  if (access.baseUrl !== '') {
    const auth = openEngineAuth(access);
    const engine = createRestEngine({ baseUrl: access.baseUrl, auth });
    return {
      engine,
      async close() {
        await auth.close();
        await engine.close();
      },
    };
  }
  const unlock = lockUnlessServed(config.DATA_DIR);
  if (!unlock) return null;
  const { engine, stop } = openEmbedded(config, undefined, log, true);
  return {
    engine,
    async close() {
      await stop();
      unlock();
    },
  };
}

function lockUnlessServed(directory: string): (() => void) | null {
  try {
    return lockDataDir(directory, 'exclusive');
  } catch (error) {
    if (error instanceof SetupError && isBusy(error.cause)) return null;
    throw error;
  }
}
