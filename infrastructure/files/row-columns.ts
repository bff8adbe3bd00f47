import type { RawEvent, RawProcess } from '../sql/archived-rows.ts';
import { type Columns, EVENT_LOG_ARCHIVE, PROCESS_STORE_ARCHIVE } from '../sql/columns.ts';
import type { Cell, ParquetColumn } from './parquet-encoder.ts';

/** The columns of a table in a Parquet file. */
export function parquetColumns<Row extends object>(table: Columns): ParquetColumn<Row>[] {
  return Object.entries(table).map(([name, { type, nullable = false, long: isLong = false }]) => {
    const [parquetType, toCell] = CELLS[type];
    const isSorted = type === 'time' || name === 'id' || name === 'correlation_id';
    const value = (row: Row): Cell => {
      const found = row[name as keyof Row] as unknown;
      return found === null || found === undefined ? null : toCell(found);
    };
    return { name, type: parquetType, nullable, isLong, isSorted, value };
  });
}

const number = (value: unknown): Cell => Number(value);
const text = (value: unknown): Cell => String(value);

/** The type of a column in Parquet, and its values as the encoder takes them. */
const CELLS: Readonly<
  Record<Columns[string]['type'], [ParquetColumn<unknown>['type'], (value: unknown) => Cell]>
> = {
  bigint: ['INT64', (value) => BigInt(value as number | string)],
  binary: ['BYTE_ARRAY', (value) => value as Uint8Array],
  time: ['TIMESTAMP', (value) => new Date(value as string | Date)],
  float: ['DOUBLE', number],
  integer: ['INT32', number],
  smallint: ['INT32', number],
  varchar: ['STRING', text],
  nvarchar: ['STRING', text],
  text: ['STRING', text],
};

/** The columns of `events-….parquet`. */
export const EVENT_FILE = parquetColumns<RawEvent>(EVENT_LOG_ARCHIVE);
/** The columns of `processes-….parquet`. */
export const PROCESS_FILE = parquetColumns<RawProcess>(PROCESS_STORE_ARCHIVE);
