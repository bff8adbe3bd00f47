import type { Partition } from '../../domain/archive/index.ts';

/** The tables of each partition; `movedAt` is the column that no event tells, and that a rebuild keeps. */
export const TABLES = {
  live: { events: 'event_log', rows: 'process_store', movedAt: 'restored_at' },
  archived: {
    events: 'event_log_archive',
    rows: 'process_store_archive',
    movedAt: 'archived_at',
  },
} as const satisfies Record<Partition, { events: string; rows: string; movedAt: string }>;

/** The table that a rebuild fills, and the one that it has replaced. */
export const shadowOf = (partition: Partition): string => `${TABLES[partition].rows}_rebuild`;
export const replacedOf = (partition: Partition): string => `${TABLES[partition].rows}_replaced`;
