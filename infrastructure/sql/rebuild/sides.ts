/** The live tables, or those of the archive. */
export type Side = 'live' | 'archive';
export const SIDES = ['live', 'archive'] as const satisfies readonly Side[];

/** Names in which the sides differ; `kept` is the column that no event tells and that a rebuild leaves. */
export const TABLES = {
  live: { events: 'event_log', rows: 'process_store', kept: 'restored_at' },
  archive: { events: 'event_log_archive', rows: 'process_store_archive', kept: 'archived_at' },
} as const satisfies Record<Side, { events: string; rows: string; kept: string }>;

/** Where the rows are made anew, and where the old ones are after the exchange. */
export const shadowOf = (side: Side): string => `${TABLES[side].rows}_rebuild`;
export const replacedOf = (side: Side): string => `${TABLES[side].rows}_replaced`;
