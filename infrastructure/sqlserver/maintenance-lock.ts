import sql from 'mssql';
import type { MaintenanceLock } from '../../domain/archive/index.ts';
import { createPool, type PoolLimits } from './connection.ts';
import { withRetry } from './retry.ts';
import type { MssqlTarget } from './target.ts';

const LOCK = `DECLARE @lock INT;
EXEC @lock = sp_getapplock @Resource = @name, @LockMode = @mode, @LockOwner = 'Session', @LockTimeout = 0;
SELECT @lock AS lock;`;

/**
 * Locks by name, each on a connection of its own that stays open for as long: a server releases the locks of a session
 * that ends
 * (https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sp-getapplock-transact-sql).
 * A run that loses the connection loses the lock without notice, so the lock must only save duplicate work.
 */
export function createMssqlMaintenanceLock(
  target: MssqlTarget,
  limits: Partial<PoolLimits>,
): MaintenanceLock {
  return {
    async tryLock(task, mode) {
      const session = createPool(target, { ...limits, min: 1, max: 1 });
      try {
        await withRetry(() => session.connect());
        const { recordset } = await session
          .request()
          // No correlation id, by which streams are locked, has a space in it.
          .input('name', sql.NVarChar(255), `maintenance ${task}`)
          .input('mode', sql.VarChar(32), mode === 'exclusive' ? 'Exclusive' : 'Shared')
          .query<{ lock: number }>(LOCK);
        if ((recordset[0]?.lock ?? -1) >= 0) return () => session.close();
      } catch (error) {
        await session.close();
        throw error;
      }
      await session.close();
      return null;
    },
  };
}
