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

interface ArchivedPage {
  /** `updated_at` at or after, and before. */
  changedFrom?: Timestamp | undefined;
  changedBefore: Timestamp;
  limit: number;
  /** The last row of the page before. */
  after?: ArchivedProcess | undefined;
}

/** Deletes old processes from the archive. Live processes, restored ones too, are not in it. */
export interface Purge {
  /** Archived processes, those that were changed least recently first. */
  list(page: ArchivedPage): Promise<ArchivedProcess[]>;
  /** The archived processes that were last changed before that time. */
  preview(
    changedBefore: Timestamp,
  ): Promise<ArchiveCount & { oldest: Timestamp | null; newest: Timestamp | null }>;
  /**
   * Deletes processes with all their events, in one transaction, if they are archived at exactly this version. A
   * process with late events, one that was restored meanwhile, or one whose events are incomplete stays.
   *
   * @param options `keepKeys`: the cold archive has their personal data encrypted, and it is read with their keys
   * @throws StoreUnavailableError with nothing deleted
   */
  remove(
    processes: readonly ArchivedVersion[],
    options: { keepKeys: boolean },
  ): Promise<ArchiveCount>;
}

/** Two Parquet files of one month, of its processes and of their events. */
export interface ColdArchivePart extends ArchiveCount {
  /** What the files contain, read back from them, in batches. */
  contents(): AsyncIterable<ArchivedVersion[]>;
  /** The last process that was looked at for them. */
  last: ArchivedProcess;
}

/** Parquet files into which archived processes are written before they are purged. */
export interface ColdArchive {
  /**
   * What the complete files of a month contain, in batches. Nothing else may be purged.
   *
   * @throws SetupError for a file that does not match its checksum
   */
  contents(month: Month): AsyncIterable<ArchivedVersion[]>;
  /**
   * Writes the archived processes that were last changed in that month into two more files, or as many as one file
   * takes. The files are complete and durable when this resolves.
   *
   * @param after the last process of the part before
   * @returns null when there is nothing to write, or the signal fired: then there are no such files
   * @throws SetupError when the folder cannot be written, or is full: then there are no such files
   */
  writePart(
    month: Month,
    after: ArchivedProcess | undefined,
    signal: AbortSignal,
  ): Promise<ColdArchivePart | null>;
}
