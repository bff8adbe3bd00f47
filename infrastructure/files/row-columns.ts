import type { RawEvent, RawProcess } from '../sql/archived-rows.ts';
import { EVENT_COLUMNS } from '../sql/event-row.ts';
import { PROCESS_COLUMNS } from '../sql/process-row.ts';
import type { Cell, ParquetColumn } from './parquet-encoder.ts';

const REQUIRED: readonly string[] = [
  ...['id', 'correlation_id', 'version', 'event_type', 'schema_version', 'step_name', 'status'],
  ...['created_at', 'archived_at', 'started_at', 'updated_at', 'process_name'],
];
const NUMBERS: readonly string[] = [
  ...['version', 'schema_version', 'http_status_code', 'step', 'execution_time'],
];
const TIMES: readonly string[] = [
  ...['created_at', 'archived_at', 'started_at', 'updated_at', 'completed_at'],
];
const LONG: readonly string[] = [
  ...['request_data', 'response_data', 'error_message', 'identifiers', 'metadata', 'data', 'error'],
];

/**
 * The columns of these names.
 *
 * @param optional those of them that may have nothing, though in the archive they always have something
 */
export function columnsOf<Row extends object>(
  names: readonly (keyof Row & string)[],
  optional: readonly string[] = [],
): ParquetColumn<Row>[] {
  return names.map((name) => {
    // In an event file only: its processes may have a name that is not there.
    const nullable =
      !REQUIRED.includes(name) ||
      optional.includes(name) ||
      (name === 'process_name' && names.some((n) => n === 'id'));
    const column = { name, nullable, long: LONG.includes(name) };
    if (name === 'id') return { ...column, type: 'INT64', value: (row) => big(row[name]) };
    if (name === 'hash') return { ...column, type: 'BYTE_ARRAY', value: (row) => bytes(row[name]) };
    if (TIMES.includes(name)) {
      return { ...column, type: 'TIMESTAMP', value: (row) => time(row[name]) };
    }
    if (NUMBERS.includes(name)) {
      return { ...column, type: 'INT32', value: (row) => number(row[name]) };
    }
    return { ...column, type: 'STRING', value: (row) => text(row[name]) };
  });
}

const absent = (value: unknown): value is null | undefined => value === null || value === undefined;
const big = (value: unknown): Cell => BigInt(value as number | string);
const bytes = (value: unknown): Cell => (absent(value) ? null : (value as Uint8Array));
const time = (value: unknown): Cell => (absent(value) ? null : new Date(value as string | Date));
const number = (value: unknown): Cell => (absent(value) ? null : Number(value));
const text = (value: unknown): Cell => (absent(value) ? null : String(value));

/** The columns of `events-….parquet`: those of event_log_archive. */
export const EVENT_FILE = columnsOf<RawEvent>(['id', ...EVENT_COLUMNS, 'archived_at']);
/** The columns of `processes-….parquet`: those of process_store_archive. */
export const PROCESS_FILE = columnsOf<RawProcess>([...PROCESS_COLUMNS, 'archived_at']);
