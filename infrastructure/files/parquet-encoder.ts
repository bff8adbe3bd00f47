import type { BasicType } from 'hyparquet-writer';
import { ByteWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';

export type Cell = string | number | bigint | Date | Uint8Array | null;

export interface ParquetColumn<Row> {
  name: string;
  type: BasicType;
  nullable: boolean;
  /** Long texts that are all different: a dictionary of them would only cost. */
  isLong: boolean;
  /** Rises from row to row, more or less: a reader that looks for some values skips row groups by their bounds. */
  isSorted: boolean;
  value(row: Row): Cell;
}

/** Bytes of the file, with the rows in them. */
interface RowGroup {
  bytes: Uint8Array;
  rows: number;
}

export interface ParquetEncoder<Row> {
  /** Takes a row; gives a row group when there are enough of them. */
  add(row: Row): RowGroup | null;
  /** The rows that are left, if any, and what ends the file. */
  end(): RowGroup;
}

/**
 * Rows of one row group, and characters of text in it, at most. So much is in memory, and is encoded while nothing else
 * runs; a larger group compresses a little better, and the library keeps a description of each until the end.
 */
const GROUP_ROWS = 1_000;
const GROUP_CHARS = 1_000_000;

/** Where the library writes to; after each row group and at the end the bytes are taken. */
class Drain extends ByteWriter {
  take(): Uint8Array {
    const bytes = new Uint8Array(this.getBuffer());
    this.index = 0;
    return bytes;
  }
}

/** Makes a Parquet file of rows, row group by row group. */
export function createParquetEncoder<Row>(
  columns: readonly ParquetColumn<Row>[],
): ParquetEncoder<Row> {
  const writer = new Drain();
  const parquet = new ParquetWriter({
    writer,
    schema: schemaOf(columns),
    createdBy: 'fastify-camunda',
  });
  let group: Cell[][] = columns.map(() => []);
  let rows = 0;
  let chars = 0;

  function takeGroup(): RowGroup {
    void parquet.write({
      columnData: columns.map(({ name, isLong, isSorted }, at) => ({
        name,
        data: group[at] ?? [],
        offsetIndex: false,
        statistics: isSorted,
        ...(isLong ? { encoding: 'PLAIN' } : {}),
      })),
      rowGroupSize: rows,
    });
    const taken = { bytes: writer.take(), rows };
    group = columns.map(() => []);
    rows = 0;
    chars = 0;
    return taken;
  }

  return {
    add(row) {
      for (const [at, { value }] of columns.entries()) {
        const cell = value(row);
        if (typeof cell === 'string') chars += cell.length;
        group[at]?.push(cell);
      }
      return ++rows >= GROUP_ROWS || chars >= GROUP_CHARS ? takeGroup() : null;
    },
    end() {
      const last = rows > 0 ? takeGroup() : { bytes: new Uint8Array(), rows: 0 };
      void parquet.finish();
      return { bytes: Buffer.concat([last.bytes, writer.take()]), rows: last.rows };
    },
  };
}

/**
 * The columns as the file describes them. The library leaves times without their logical type, and readers differ in
 * what they take that for: with it they are moments, whatever the time zone of who reads
 * (https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#timestamp).
 */
function schemaOf<Row>(columns: readonly ParquetColumn<Row>[]): ParquetWriter['schema'] {
  const schema = schemaFromColumnData({
    columnData: columns.map(({ name, type, nullable }) => ({ name, type, nullable, data: [] })),
  });
  return schema.map((element) =>
    element.converted_type === 'TIMESTAMP_MILLIS'
      ? { ...element, logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' } }
      : element,
  );
}
