import { TAKEN, takeLocks } from '../../../domain/archive/index.ts';
import { audited } from '../../../domain/audit/index.ts';
import { createBulkRuns } from '../../../domain/bulk/index.ts';
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

/** The kinds of answers after which a process is live, or erased. */
const RESTORED: readonly string[] = ['restored', 'restored-before', 'live'];
const ERASED: readonly string[] = ['erased', 'erased-before'];

/** @param database as it stores: no key is needed to destroy one */
export function createAdministration(options: {
  config: Config;
  database: Pick<
    Database,
    | 'apiKeys'
    | 'auditLog'
    | 'bulkStore'
    | 'archive'
    | 'maintenanceLock'
    | 'eventStore'
    | 'processKeys'
  >;
  engine: Pick<Engine, 'findInstances' | 'deleteHistory'>;
  newId: () => string;
  log: Pick<Log, 'warn'>;
}): Administration {
  const { config, database, engine, newId, log } = options;
  const { apiKeys, auditLog, archive, maintenanceLock, processKeys } = database;

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

  async function restore(correlationId: string): ReturnType<Administration['restore']> {
    const locks = await takeLocks(maintenanceLock, [['tables', 'shared']]);
    if (!locks.taken) return { kind: 'busy', reason: TAKEN[locks.by] };
    try {
      return { kind: await archive.restore(correlationId) };
    } finally {
      await locks.release();
    }
  }

  async function erase(correlationId: string): ReturnType<Administration['erase']> {
    const answer = await eraseProcess(correlationId, database);
    if (answer.kind !== 'erased' && answer.kind !== 'erased-before') {
      return { ...answer, isGoneFromEngine: false };
    }
    const isGoneFromEngine = await deleteFromEngine(correlationId);
    if (!(await processKeys.scrub())) {
      log.warn({}, 'a destroyed key is still in the write-ahead log; another erasure removes it');
    }
    return { ...answer, isGoneFromEngine };
  }

  return {
    settings: redactConfig(config),
    keys: () => apiKeys.list(),
    auditLog,
    bulk: createBulkRuns(database, { clock: Date.now, newId }),
    audited: (act, work, endOf) => audited(auditLog, act, work, endOf),
    restore: (correlationId, { actor, reason }) =>
      audited(
        auditLog,
        { action: 'restore', actor, subject: correlationId, details: { reason } },
        () => restore(correlationId),
        ({ kind }) => ({
          outcome: RESTORED.includes(kind) ? 'done' : 'refused',
          details: { kind },
        }),
      ),
    erase: (correlationId, { actor, reason }) =>
      audited(
        auditLog,
        { action: 'erase', actor, subject: correlationId, details: { reason } },
        () => erase(correlationId),
        ({ kind }) => ({ outcome: ERASED.includes(kind) ? 'done' : 'refused', details: { kind } }),
      ),
  };
}
