import { TAKEN, takeLocks } from '../../../domain/archive/index.ts';
import { audited, SERVICE_ACTOR } from '../../../domain/audit/index.ts';
import type { BulkRun, RunBulkPorts } from '../../../domain/bulk/index.ts';
import { type Log, StoreUnavailableError } from '../../../domain/common/index.ts';
import type { Database } from '../../../infrastructure/sql/database.ts';
import type { LivePart } from '../../http/parts/server-parts.ts';

/** What bulk runs act with. A process that is restored is an act of its own in the audit log. */
export function createBulkPorts({
  database,
  decrypted,
  live,
  log,
}: {
  database: Pick<
    Database,
    'archive' | 'auditLog' | 'bulkStore' | 'maintenanceLock' | 'processStore'
  >;
  decrypted: Pick<Database, 'eventStore'>;
  live: Pick<LivePart, 'waitroom' | 'findProcess'>;
  log: Pick<Log, 'error' | 'warn'>;
}): RunBulkPorts {
  const { archive, auditLog, bulkStore, maintenanceLock, processStore } = database;
  return {
    ...live,
    log,
    eventStore: decrypted.eventStore,
    bulkStore,
    processStore,
    clock: Date.now,
    async restore(correlationId, run) {
      const locks = await takeLocks(maintenanceLock, [['tables', 'shared']]);
      if (!locks.taken) throw new StoreUnavailableError(TAKEN[locks.by]);
      try {
        return await audited(
          auditLog,
          {
            action: 'restore',
            actor: run.actor,
            subject: correlationId,
            details: { reason: run.reason, bulkId: run.id },
          },
          () => archive.restore(correlationId),
          (kind) => ({
            outcome: kind === 'unknown' || kind === 'damaged' ? 'refused' : 'done',
            details: { kind },
          }),
        );
      } finally {
        await locks.release();
      }
    },
    async onEnded(run: BulkRun) {
      const entry = { act: run.id, outcome: 'done' } as const;
      // Before a kill.
      if ((await auditLog.list(entry, { limit: 1 })).length > 0) return;
      const { done, failed } = await bulkStore.progress(run.id);
      await auditLog.append({
        ...entry,
        action: 'bulk',
        actor: SERVICE_ACTOR,
        subject: run.id,
        details: { found: run.found, done, failed },
      });
    },
  };
}
