/**
 * Work on all processes. `archive` runs once at a time. `tables` is shared by runs that move processes between
 * the tables or write rows again, and exclusive for a run that replaces the tables.
 */
export type MaintenanceTask = 'archive' | 'tables';

/** Keeps maintenance runs apart, on all machines that share the database. */
export interface MaintenanceLock {
  /**
   * Takes a lock unless another run has it in a mode that excludes this one; does not wait. The lock ends with the
   * operating system's process that has it, however that ends.
   *
   * @returns a function that releases the lock, or null
   * @throws StoreUnavailableError
   */
  tryLock(
    task: MaintenanceTask,
    mode: 'exclusive' | 'shared',
  ): Promise<(() => Promise<void>) | null>;
}
