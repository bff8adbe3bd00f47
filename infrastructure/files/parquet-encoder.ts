import type { BasicType } from 'hyparquet-writer';
import { ByteWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';
import { CREATED_BY, createParquetFooter } from './parquet-footer.ts';

export type Cell = string | number | bigint | Date | Uint8Array | null;

export interface ParquetColumn<Row> {
  name: string;
  type: BasicType;
  nullable: boolean;
  /** Long texts that are all different: no dictionary and no bounds, which would only cost. */
  long: boolean;
  value(row: Row): Cell;
}

/** A row group, ready to be written. */
export interface RowGroup {
  bytes: Uint8Array;
  rows: number;
  /** What the end of the file says about it. */
  entry: Uint8Array;
}

/** What is in a file that is gone on with. */
interface WrittenGroups {
  rows: number;
  bytes: number;
  /** Of all row groups, in order. */
  entries: readonly Uint8Array[];
}

interface ParquetEncoder<Row> {
  /** Takes a row; gives a row group when there are enough of them. */
  add(row: Row): RowGroup | null;
  /** The row group of the rows that are left, if there are any. */
  rest(): RowGroup | null;
  /** What ends the file. */
  end(): Uint8Array;
}

/**
 * Rows of one row group, and characters of text in it, at most: so much is in memory, and is encoded while
 * nothing else runs. A larger group would compress a little better.
 */
const GROUP_ROWS = 1_000;
const GROUP_CHARS = 1_000_000;

/**
 * Makes Parquet of rows, row group by row group. Of those it has given away it keeps their entries only,
 * some kilobytes each.
 *
 * @param written goes on behind what is in a file already
 */
export function createParquetEncoder<Row>(
  columns: readonly ParquetColumn<Row>[],
  written?: WrittenGroups,
): ParquetEncoder<Row> {
  const schema = schemaOf(columns);
  const writer = new ByteWriter();
  const parquet = new ParquetWriter({ writer, schema, createdBy: CREATED_BY });
  const footer = createParquetFooter(schema);
  const entries = [...(written?.entries ?? [])];
  let rowsInAll = written?.rows ?? 0;
  if (written && written.bytes > 0) {
    writer.index = 0;
    writer.offset = written.bytes;
  }
  let group: Cell[][] = columns.map(() => []);
  let rows = 0;
  let chars = 0;

  function taken(): Uint8Array {
    const bytes = new Uint8Array(writer.getBuffer());
    writer.index = 0;
    return bytes;
  }

  function rest(): RowGroup | null {
    if (rows === 0) return null;
    void parquet.write({
      columnData: columns.map(({ name, long }, at) => ({
        name,
        data: group[at] ?? [],
        offsetIndex: false,
        ...(long ? { encoding: 'PLAIN', statistics: false } : {}),
      })),
      rowGroupSize: rows,
    });
    // The writer keeps them for indexes that are not written.
    parquet.pendingIndexes.length = 0;
    const entry = footer.entryOf(parquet.row_groups.splice(0));
    const encoded = { bytes: taken(), rows, entry };
    entries.push(entry);
    rowsInAll += rows;
    group = columns.map(() => []);
    rows = 0;
    chars = 0;
    return encoded;
  }

  return {
    add(row) {
      for (const [at, { value }] of columns.entries()) {
        const cell = value(row);
        if (typeof cell === 'string') chars += cell.length;
        group[at]?.push(cell);
      }
      return ++rows >= GROUP_ROWS || chars >= GROUP_CHARS ? rest() : null;
    },
    rest,
    // An empty file begins with its end.
    end: () => Buffer.concat([taken(), footer.end(rowsInAll, entries)]),
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
