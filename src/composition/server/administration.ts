import { TAKEN, takeLocks } from '../../../domain/archive/index.ts';
import {
  EngineRefusedError,
  EngineUnavailableError,
  type Log,
} from '../../../domain/common/index.ts';
import { deleteHistory, type Engine } from '../../../domain/engine/index.ts';
import { eraseProcess } from '../../../domain/personal-data/index.ts';
import type { Database } from '../../../infrastructure/sql/database.ts';
import { type Config, redactConfig } from '../../config.ts';
import type { Administration } from '../../http/parts/administration.ts';

/** @param database as it stores: no key is needed to destroy one */
export function createAdministration(options: {
  config: Config;
  database: Pick<
    Database,
    'apiKeys' | 'archive' | 'maintenanceLock' | 'eventStore' | 'processKeys'
  >;
  engine: Pick<Engine, 'findInstances' | 'deleteHistory'>;
  log: Pick<Log, 'warn'>;
}): Administration {
  const { config, database, engine, log } = options;
  const { apiKeys, archive, maintenanceLock, processKeys } = database;

  async function deleteFromEngine(correlationId: string): Promise<boolean> {
    try {
      await deleteHistory(correlationId, { ...database, engine });
      return true;
    } catch (error) {
      const isEngine =
        error instanceof EngineUnavailableError || error instanceof EngineRefusedError;
      if (!isEngine) throw error;
      // Without the words of the engine, which may quote variables.
      log.warn({ correlationId }, 'erased; the reconciler deletes it from the engine');
      return false;
    }
  }

  return {
    settings: redactConfig(config),
    keys: () => apiKeys.list(),
    async restore(correlationId) {
      const locks = await takeLocks(maintenanceLock, [['tables', 'shared']]);
      if (!locks.taken) return { kind: 'busy', reason: TAKEN[locks.by] };
      try {
        return { kind: await archive.restore(correlationId) };
      } finally {
        await locks.release();
      }
    },
    async erase(correlationId) {
      const answer = await eraseProcess(correlationId, database);
      if (answer.kind !== 'erased' && answer.kind !== 'erased-before') {
        return { ...answer, isGoneFromEngine: false };
      }
      const isGoneFromEngine = await deleteFromEngine(correlationId);
      if (!(await processKeys.scrub())) {
        log.warn({}, 'a destroyed key is still in the write-ahead log; another erasure removes it');
      }
      return { ...answer, isGoneFromEngine };
    },
  };
}
