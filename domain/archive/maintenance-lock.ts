/**
 * Work on all processes. Of `archive` only one runs at a time; `tables` is shared by those that move
 * processes between the tables or write rows anew, and taken exclusively by who replaces the tables.
 */
export type MaintenanceTask = 'archive' | 'tables';

/** Keeps runs of maintenance out of each other's way, on all machines that share the database. */
export interface MaintenanceLock {
  /**
   * Takes a lock, if nobody has it in a mode that excludes this one; does not wait. The lock ends with the
   * process that has it, however that ends.
   *
   * @returns a function that gives it up, or null
   * @throws StoreUnavailableError
   */
  tryLock(
    task: MaintenanceTask,
    mode: 'exclusive' | 'shared',
  ): Promise<(() => Promise<void>) | null>;
}
