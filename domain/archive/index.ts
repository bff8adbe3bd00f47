export type {
  Archive,
  ArchiveCount,
  ArchiveCursor,
  ArchivePreview,
  Batch,
  BatchOptions,
  RestoreOutcome,
} from './archive.ts';
export { type ArchiveTotals, archiveExpired, type MovedBatch } from './archive-expired.ts';
export type { MaintenanceLock } from './maintenance-lock.ts';
export { endOfMonth, type Month, startOfMonth } from './month.ts';
export { PARTITIONS, type Partition } from './partition.ts';
export type {
  ArchivedProcess,
  ArchivedVersion,
  ColdArchive,
  ColdArchivePart,
  Purge,
} from './purge.ts';
export { type PurgedBatch, type PurgeTotals, purgeArchive } from './purge-archive.ts';
export { ARCHIVE_LOCKS, type NeededLock, TAKEN, takeLocks } from './take-locks.ts';
