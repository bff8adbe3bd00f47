import { SetupError } from '../../../domain/common/index.ts';
import { bearerAuth } from '../../../infrastructure/camunda/engine-auth.ts';
import { createRestEngine, type RestEngine } from '../../../infrastructure/camunda/rest-engine.ts';
import { startEmbeddedEngine } from '../../../infrastructure/embedded-engine/start.ts';
import { isBusy } from '../../../infrastructure/sqlite/file-lock.ts';
import { lockDataDir } from '../../composition/database/data-lock.ts';
import { databaseFile } from '../../composition/database/database-target.ts';
import {
  newEngineSecret,
  openEngineAuth,
  readEngineAccess,
} from '../../composition/engine/engine-access.ts';
import type { Config } from '../../config.ts';

interface EngineForErasure {
  engine: RestEngine;
  close(): Promise<void>;
}

/**
 * The engine that holds variables and history. The embedded one lives in the service: while no service runs on
 * the folder it is started here, and none can start meanwhile.
 *
 * @returns null when a service with the embedded engine is running: that service has to do it
 * @throws SetupError
 */
export async function openEngineForErasure(
  config: Config,
  log: Parameters<typeof startEmbeddedEngine>[0]['log'],
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
  const secret = newEngineSecret();
  const file = databaseFile(config);
  const embedded = await startEmbeddedEngine({ file, secret, zeroing: true, log });
  const engine = createRestEngine({ baseUrl: embedded.url, auth: bearerAuth(secret) });
  return {
    engine,
    async close() {
      await engine.close();
      await embedded.stop();
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
