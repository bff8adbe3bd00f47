/** The types of columns; `migrations/dialect.ts` has their names on each database. */
type ColumnType =
  | { type: 'varchar' | 'nvarchar' | 'binary'; length: number }
  | { type: 'text' | 'bigint' | 'integer' | 'smallint' | 'float' | 'time' };

export type Column = ColumnType & {
  nullable?: true;
  /** Texts that hardly ever repeat. */
  long?: true;
  /** The migration that added the column; left out: the first one. */
  since?: number;
};

export type Columns = Readonly<Record<string, Column>>;

/**
 * The columns of event_log and event_log_archive besides `id` and `archived_at`. Their order is that of the hash of
 * an event (`event-hash.ts`), and stays.
 *
 * A migration that changes a type leaves the old one, as a literal, to the migration that made the column.
 */
export const EVENT_LOG = {
  correlation_id: { type: 'varchar', length: 255 },
  version: { type: 'integer' },
  event_type: { type: 'varchar', length: 50 },
  schema_version: { type: 'smallint' },
  dedupe_key: { type: 'varchar', length: 255, nullable: true },
  step_name: { type: 'varchar', length: 255 },
  status: { type: 'varchar', length: 50 },
  http_method: { type: 'varchar', length: 10, nullable: true },
  endpoint: { type: 'varchar', length: 500, nullable: true },
  request_data: { type: 'text', nullable: true, long: true },
  response_data: { type: 'text', nullable: true, long: true },
  error_message: { type: 'text', nullable: true, long: true },
  http_status_code: { type: 'integer', nullable: true },
  batch_id: { type: 'varchar', length: 255, nullable: true },
  traceability_id: { type: 'varchar', length: 255, nullable: true },
  application_id: { type: 'varchar', length: 255, nullable: true },
  target_system: { type: 'varchar', length: 255, nullable: true },
  originating_system: { type: 'varchar', length: 255, nullable: true },
  process_name: { type: 'varchar', length: 255, nullable: true },
  step: { type: 'integer', nullable: true },
  identifiers: { type: 'text', nullable: true, long: true },
  result: { type: 'text', nullable: true },
  metadata: { type: 'text', nullable: true, long: true },
  execution_time: { type: 'integer', nullable: true },
  /** Null where no caller caused the event, and before schema version 4. A character has two code units at most. */
  actor: { type: 'nvarchar', length: 2 * 255, nullable: true, since: 8 },
  created_at: { type: 'time' },
  /** Link of the stream's hash chain; null before schema version 3. */
  hash: { type: 'binary', length: 32, nullable: true, since: 4 },
} as const satisfies Columns;

/** The columns of process_store and process_store_archive besides `restored_at` and `archived_at`. */
export const PROCESS_STORE = {
  correlation_id: { type: 'varchar', length: 255 },
  status: { type: 'varchar', length: 50 },
  data: { type: 'text', nullable: true, long: true },
  /** The message of the error, for people; personal ones are encrypted. */
  error: { type: 'text', nullable: true, long: true },
  error_kind: { type: 'varchar', length: 50, nullable: true, since: 9 },
  error_code: { type: 'nvarchar', length: 2 * 255, nullable: true, since: 9 },
  error_step: { type: 'nvarchar', length: 2 * 255, nullable: true, since: 9 },
  started_at: { type: 'time' },
  updated_at: { type: 'time' },
  process_name: { type: 'varchar', length: 255 },
  current_step: { type: 'varchar', length: 255, nullable: true },
  process_instance_id: { type: 'varchar', length: 64, nullable: true },
  completed_at: { type: 'time', nullable: true },
  version: { type: 'integer' },
} as const satisfies Columns;

export const EVENT_LOG_ARCHIVE = {
  id: { type: 'bigint' },
  ...EVENT_LOG,
  archived_at: { type: 'time' },
} as const satisfies Columns;

export const PROCESS_STORE_ARCHIVE = {
  ...PROCESS_STORE,
  archived_at: { type: 'time' },
} as const satisfies Columns;

/** The columns of process_identifier and process_identifier_archive. */
export const PROCESS_IDENTIFIER = {
  correlation_id: { type: 'varchar', length: 255 },
  process_name: { type: 'varchar', length: 255 },
  /** A character has two code units at most. */
  name: { type: 'nvarchar', length: 2 * 100 },
  /** Of a personal identifier its keyed hash. */
  value: { type: 'nvarchar', length: 2 * 256 },
  number: { type: 'float', nullable: true },
  is_hashed: { type: 'smallint' },
} as const satisfies Columns;

type ValueOf<C extends Column> = C['type'] extends 'integer' | 'smallint' | 'float'
  ? number
  : C['type'] extends 'binary'
    ? Buffer
    : string;

/** A row of a table: times are ISO 8601 in UTC. */
type RowOf<Table extends Columns> = {
  -readonly [Name in keyof Table]: Table[Name] extends { nullable: true }
    ? ValueOf<Table[Name]> | null
    : ValueOf<Table[Name]>;
};

/** A row of event_log without `id`. */
export type EventRow = RowOf<typeof EVENT_LOG>;
export type EventColumn = keyof EventRow;
export const EVENT_COLUMNS = Object.keys(EVENT_LOG) as readonly EventColumn[];

/** A row of process_store. */
export type ProcessRow = RowOf<typeof PROCESS_STORE>;
type ProcessColumn = keyof ProcessRow;
export const PROCESS_COLUMNS = Object.keys(PROCESS_STORE) as readonly ProcessColumn[];

/** A row of process_identifier. */
export type IdentifierColumns = RowOf<typeof PROCESS_IDENTIFIER>;
export const IDENTIFIER_COLUMNS = Object.keys(
  PROCESS_IDENTIFIER,
) as readonly (keyof IdentifierColumns)[];
