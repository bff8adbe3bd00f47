import type { Timestamp } from '../common/index.ts';
import type { ArchiveCount } from './archive.ts';
import type { Month } from './month.ts';

/** An archived process at a version: the rows of both archives up to it. */
export interface ArchivedVersion {
  correlationId: string;
  version: number;
}

export interface ArchivedProcess extends ArchivedVersion {
  updatedAt: Timestamp;
}

export interface ArchivedPage {
  /** `updated_at` at or after, and before. */
  changedFrom?: Timestamp | undefined;
  changedBefore: Timestamp;
  limit: number;
  /** The last row of the page before. */
  after?: ArchivedProcess | undefined;
}

/** Deletes from the archive what nobody keeps any longer. Live processes, restored ones too, are not there. */
export interface Purge {
  /** Archived processes, those that were changed least recently first. */
  list(page: ArchivedPage): Promise<ArchivedProcess[]>;
  /** What is archived and was last changed before that time. */
  preview(
    changedBefore: Timestamp,
  ): Promise<ArchiveCount & { oldest: Timestamp | null; newest: Timestamp | null }>;
  /**
   * Deletes processes with all their events, in one transaction: those that are archived at this very
   * version. One that something came late for, that was restored meanwhile, or whose events are not all
   * there, stays.
   *
   * @param options `keepKeys`: their personal data was handed over, encrypted, and is read with their keys
   * @throws StoreUnavailableError with nothing deleted
   */
  remove(
    processes: readonly ArchivedVersion[],
    options: { keepKeys: boolean },
  ): Promise<ArchiveCount>;
}

/** Files to which archived processes are handed over before they are purged. */
export interface HandOver {
  /**
   * What the complete files of a month hold, in batches. Nothing else may be purged.
   *
   * @throws SetupError for a file that is not what its checksum says
   */
  contents(month: Month): AsyncIterable<ArchivedVersion[]>;
  /**
   * Writes what is archived and was last changed in that month into a further file; complete and durable
   * when it resolves.
   *
   * @returns what is in the file; nothing when the signal fired: then there is no file
   * @throws SetupError when the folder cannot be written, or is full: then there is no file
   */
  write(month: Month, signal: AbortSignal): Promise<ArchiveCount>;
}
