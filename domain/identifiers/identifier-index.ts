import type { IdentifierRow, IdentifierSource } from './identifier.ts';

/** The rows of one process. */
export interface IndexedProcess {
  rows: IdentifierRow[];
  /** Personal ones that are left out, because no master key is there that decrypts them. */
  isLocked: boolean;
}

/** Makes the rows of the index of identifiers: personal values get a keyed hash in their place. */
export interface IdentifierIndex {
  /** The rows of a process whose identifiers are all stored in the clear; null for any other: see `rowsOf`. */
  clearRowsOf(source: IdentifierSource): IdentifierRow[] | null;
  /**
   * The rows of processes, by their correlation ids. An erased process has none for its personal identifiers.
   *
   * @throws StoreUnavailableError
   */
  rowsOf(sources: readonly IdentifierSource[]): Promise<Map<string, IndexedProcess>>;
  /**
   * The hash by which a personal identifier with this value is found; null while no personal one is hashed.
   *
   * @throws StoreUnavailableError
   */
  hashOf(name: string, value: string): Promise<string | null>;
}
