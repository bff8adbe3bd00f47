interface ExportColumn {
  type: 'bigint' | 'integer' | 'text' | 'time';
  nullable?: true;
  /** Texts that hardly ever repeat. */
  long?: true;
}

/**
 * The columns of an export as CSV or Parquet, in their order: those of event_log, by their names, without `hash`. The
 * links of the hash chain are worth nothing without the whole stream, which `verify` reads in the tables.
 */
export const EXPORT_COLUMNS = {
  id: { type: 'bigint' },
  correlation_id: { type: 'text' },
  version: { type: 'integer' },
  event_type: { type: 'text' },
  schema_version: { type: 'integer' },
  dedupe_key: { type: 'text', nullable: true },
  step_name: { type: 'text' },
  status: { type: 'text' },
  http_method: { type: 'text', nullable: true },
  endpoint: { type: 'text', nullable: true },
  request_data: { type: 'text', nullable: true, long: true },
  response_data: { type: 'text', nullable: true, long: true },
  error_message: { type: 'text', nullable: true, long: true },
  http_status_code: { type: 'integer', nullable: true },
  batch_id: { type: 'text', nullable: true },
  traceability_id: { type: 'text', nullable: true },
  application_id: { type: 'text', nullable: true },
  target_system: { type: 'text', nullable: true },
  originating_system: { type: 'text', nullable: true },
  process_name: { type: 'text', nullable: true },
  step: { type: 'integer', nullable: true },
  identifiers: { type: 'text', nullable: true, long: true },
  result: { type: 'text', nullable: true },
  metadata: { type: 'text', nullable: true, long: true },
  execution_time: { type: 'integer', nullable: true },
  actor: { type: 'text', nullable: true },
  created_at: { type: 'time' },
  /** Null for a live event. */
  archived_at: { type: 'time', nullable: true },
} as const satisfies Readonly<Record<string, ExportColumn>>;

export type ExportColumnName = keyof typeof EXPORT_COLUMNS;
export const EXPORT_COLUMN_NAMES = Object.keys(EXPORT_COLUMNS) as readonly ExportColumnName[];

type ValueOf<Column extends ExportColumn> =
  | { bigint: number | string; integer: number; text: string; time: string }[Column['type']]
  | (Column extends { nullable: true } ? null : never);

/** An event as its table holds it: times as ISO 8601 in UTC, personal data encrypted. */
export type ExportedRow = {
  [Name in ExportColumnName]: ValueOf<(typeof EXPORT_COLUMNS)[Name]>;
} & {
  /** In the feed. */
  position: number | string;
};
