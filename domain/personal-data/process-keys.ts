import type { Timestamp } from '../common/index.ts';

/** The key of a process's personal data, as it is stored. */
export type ProcessKeyRow =
  | {
      correlationId: string;
      /** The key wrapped by a master key, in base64. */
      wrappedKey: string;
      /** Which master key that is. */
      masterKey: string;
      erasedAt: null;
    }
  /** Destroyed: a process never gets a second key. */
  | { correlationId: string; wrappedKey: null; masterKey: null; erasedAt: Timestamp };

/** The result of destroying a key. */
type KeyErasure =
  | { kind: 'erased'; erasedAt: Timestamp }
  | { kind: 'erased-before'; erasedAt: Timestamp }
  /** The process never had one. */
  | { kind: 'no-key' };

/**
 * The keys of personal data, one a process. All of it throws StoreUnavailableError when the database
 * cannot be reached.
 */
export interface ProcessKeys {
  /** The keys of these processes, destroyed ones too. */
  find(correlationIds: readonly string[]): Promise<ProcessKeyRow[]>;
  /**
   * Gives a process its key unless it has or had one. Durable when it resolves, also through a power cut:
   * a lost key is lost data.
   *
   * @returns the key it has now: two callers at the same moment get the same one
   */
  add(correlationId: string, wrappedKey: string, masterKey: string): Promise<ProcessKeyRow>;
  /** Destroys a key; durable when it resolves. */
  erase(correlationId: string): Promise<KeyErasure>;
  /**
   * Removes what `erase` and `rewrap` destroyed from the files of the database, as far as this service can.
   *
   * @returns false when readers prevented it
   */
  scrub(): Promise<boolean>;
  /** Up to `limit` processes whose keys are destroyed, but whose data the engine may still hold. */
  leftInEngine(limit: number): Promise<string[]>;
  /** Records that the engine has no data of an erased process any more. */
  noteGoneFromEngine(correlationId: string): Promise<void>;
  /** Whether any process has a key, or had. */
  any(): Promise<boolean>;
  /** The master keys that keys are wrapped by now. */
  masterKeys(): Promise<string[]>;
  /** Up to `limit` keys that are wrapped by this master key. */
  wrappedBy(masterKey: string, limit: number): Promise<ProcessKeyRow[]>;
  /**
   * Replaces wrapped keys in one transaction. A key that was destroyed or wrapped again since it was read stays as it
   * is.
   *
   * @returns how many were replaced
   */
  rewrap(
    keys: readonly { correlationId: string; from: string; wrappedKey: string; masterKey: string }[],
  ): Promise<number>;
}
