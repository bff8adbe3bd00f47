import { EVENT_COLUMNS, type FoundEventRow } from '../sql/event-row.ts';

/** The links of the hash chain are worth nothing without the stream, which `verify` reads in the tables. */
const WITHOUT: readonly string[] = ['hash'];

/** The columns of event_log that an export of columns has, besides `id`. */
export const EXPORTED_COLUMNS: readonly (keyof FoundEventRow)[] = [
  ...EVENT_COLUMNS.filter((name) => !WITHOUT.includes(name)),
  'archived_at',
];
