import type { RestoreOutcome } from '../../domain/archive/index.ts';
import { EVENT_COLUMNS, IDENTIFIER_COLUMNS, PROCESS_COLUMNS } from './columns.ts';

/** Where the rows of a process are; a wholly archived process can be restored. */
export type Whereabouts = Exclude<RestoreOutcome, 'restored'> | 'archived';

const OF_PROCESS = 'WHERE correlation_id = @correlation_id';
const isIn = (table: string, more = ''): string =>
  `EXISTS (SELECT 1 FROM ${table} ${OF_PROCESS}${more})`;
/** A live event has the dedupe key of an archived one. */
const KEY_TAKEN = `EXISTS (SELECT 1 FROM event_log_archive AS a
      JOIN event_log AS l ON l.dedupe_key = a.dedupe_key AND l.dedupe_key IS NOT NULL
      WHERE a.correlation_id = @correlation_id)`;

/** The `Whereabouts` of `@correlation_id`, as an expression. */
export const WHEREABOUTS = `CASE
  WHEN ${isIn('event_log_archive')} AND ${isIn('process_store_archive')}
    THEN CASE WHEN ${isIn('event_log')} OR ${isIn('process_store')} OR ${KEY_TAKEN}
      THEN 'damaged' ELSE 'archived' END
  WHEN ${isIn('event_log_archive')} OR ${isIn('process_store_archive')} THEN 'damaged'
  WHEN ${isIn('process_store', ' AND restored_at IS NOT NULL')} THEN 'restored-before'
  WHEN ${isIn('event_log')} OR ${isIn('process_store')} THEN 'live'
  ELSE 'unknown' END`;

const events = ['id', ...EVENT_COLUMNS].join(', ');
const process = PROCESS_COLUMNS.join(', ');
const identifiers = IDENTIFIER_COLUMNS.join(', ');

/** Copies the events of `@correlation_id` back, with their ids. */
export const RESTORE_EVENTS = `INSERT INTO event_log (${events})
  SELECT ${events} FROM event_log_archive ${OF_PROCESS} ORDER BY version`;
/** Copies its row back, restored at `@now`. */
export const RESTORE_PROCESS = `INSERT INTO process_store (${process}, restored_at)
  SELECT ${process}, @now FROM process_store_archive ${OF_PROCESS}`;
/** Copies its identifiers back. */
export const RESTORE_IDENTIFIERS = `INSERT INTO process_identifier (${identifiers})
  SELECT ${identifiers} FROM process_identifier_archive AS a ${OF_PROCESS}
  AND NOT EXISTS (SELECT 1 FROM process_identifier AS i
    WHERE i.correlation_id = a.correlation_id AND i.name = a.name)`;
export const REMOVE_ARCHIVED = [
  `DELETE FROM process_identifier_archive ${OF_PROCESS}`,
  `DELETE FROM event_log_archive ${OF_PROCESS}`,
  `DELETE FROM process_store_archive ${OF_PROCESS}`,
] as const;
