import { PARTITIONS, type Partition } from '../../domain/archive/index.ts';

/** The tables of each partition; `movedAt` is the column that no event tells, and that a rebuild keeps. */
export const TABLES = {
  live: {
    events: 'event_log',
    rows: 'process_store',
    identifiers: 'process_identifier',
    movedAt: 'restored_at',
  },
  archived: {
    events: 'event_log_archive',
    rows: 'process_store_archive',
    identifiers: 'process_identifier_archive',
    movedAt: 'archived_at',
  },
} as const satisfies Record<
  Partition,
  { events: string; rows: string; identifiers: string; movedAt: string }
>;

/** The table that a rebuild fills in place of one, and the one that it has replaced. */
export const shadowOf = (table: string): string => `${table}_rebuild`;
export const replacedOf = (table: string): string => `${table}_replaced`;

/** The tables that a rebuild makes again. */
export const REBUILT = PARTITIONS.flatMap((partition) => [
  TABLES[partition].rows,
  TABLES[partition].identifiers,
]);

/** All tables that may have the identifiers of a process: those of a rebuild need not be there. */
export const IDENTIFIER_TABLES = PARTITIONS.flatMap((partition) => {
  const { identifiers } = TABLES[partition];
  return [identifiers, shadowOf(identifiers), replacedOf(identifiers)];
});
