import type { MaintenanceLock, MaintenanceTask } from './maintenance-lock.ts';

export type NeededLock = readonly [task: MaintenanceTask, mode: 'exclusive' | 'shared'];

/** What archiving needs: to be the only one, and the tables to stay what they are. */
export const ARCHIVE_LOCKS: readonly NeededLock[] = [
  ['archive', 'exclusive'],
  ['tables', 'shared'],
];

/** All of the locks that a run needs, or the one that others have. */
export type TakenLocks =
  | { taken: true; release(): Promise<void> }
  | { taken: false; by: MaintenanceTask };

/**
 * Takes the locks, in their order, or none of them; waits for nobody.
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

/** Who has a lock, in one sentence. */
export const TAKEN: Readonly<Record<MaintenanceTask, string>> = {
  archive: 'another run is archiving in this database; it does the same work, or wait for its end',
  tables:
    'a run of archive, restore, rebuild or verify --repair is at work in this database; try again after it',
};
