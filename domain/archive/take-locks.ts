import type { MaintenanceLock, MaintenanceTask } from './maintenance-lock.ts';

export type NeededLock = readonly [task: MaintenanceTask, mode: 'exclusive' | 'shared'];

/** Archiving runs alone, while nobody swaps the tables. */
export const ARCHIVE_LOCKS: readonly NeededLock[] = [
  ['archive', 'exclusive'],
  ['tables', 'shared'],
];

/** The locks of a run, or the one that another run holds. */
type TakenLocks = { taken: true; release(): Promise<void> } | { taken: false; by: MaintenanceTask };

/**
 * Takes all locks in this order, or none of them; does not wait.
 *
 * @throws StoreUnavailableError
 */
export async function takeLocks(
  lock: MaintenanceLock,
  needed: readonly NeededLock[],
): Promise<TakenLocks> {
  const held: (() => Promise<void>)[] = [];
  const release = async (): Promise<void> => {
    for (const giveUp of held.reverse()) await giveUp();
  };
  try {
    for (const [task, mode] of needed) {
      const giveUp = await lock.tryLock(task, mode);
      if (!giveUp) {
        await release();
        return { taken: false, by: task };
      }
      held.push(giveUp);
    }
  } catch (error) {
    await release();
    throw error;
  }
  return { taken: true, release };
}

/** Which run holds a lock, in one sentence. */
export const TAKEN: Readonly<Record<MaintenanceTask, string>> = {
  archive:
    'another run is archiving in this database; it does the same work, or wait until it ends',
  tables:
    'a run of archive, restore, rebuild or verify --repair is at work in this database; try again after it',
};
