import type { MaintenanceLock } from '../../domain/archive/index.ts';
import { isBusy, lockFile } from './file-lock.ts';

/** Locks on files beside the database file. */
export function createSqliteMaintenanceLock(file: string): MaintenanceLock {
  return {
    async tryLock(task, mode) {
      try {
        const unlock = lockFile(`${file}.${task}.lock`, mode, 0);
        return async () => unlock();
      } catch (error) {
        if (isBusy(error)) return null;
        throw error;
      }
    },
  };
}
