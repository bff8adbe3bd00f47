import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { BasicType } from 'hyparquet-writer';
import { ByteWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';

export type Cell = string | number | bigint | Date | Uint8Array | null;

export interface ParquetColumn<Row> {
  name: string;
  type: BasicType;
  nullable: boolean;
  /** Long texts that are all different: no dictionary and no bounds, which would only cost. */
  long: boolean;
  value(row: Row): Cell;
}

export interface ParquetFile<Row> {
  add(row: Row): Promise<void>;
  /** Writes the rest, and syncs it. Returns the SHA-256 of the file in hexadecimal digits. */
  close(): Promise<string>;
  /** Gives the file up as it is. */
  abandon(): Promise<void>;
}

/**
 * Rows of one row group, and characters of text in it, at most: so much is in memory, and is encoded while
 * nothing else runs. A larger group would compress a little better.
 */
const GROUP_ROWS = 2_000;
const GROUP_CHARS = 2_000_000;

/** Writes a new Parquet file row group by row group, in memory that does not grow with the rows. */
export async function createParquetFile<Row>(
  path: string,
  columns: readonly ParquetColumn<Row>[],
): Promise<ParquetFile<Row>> {
  const handle = await open(path, 'w');
  const { writer, digest } = fileWriter(handle);
  const schema = schemaFromColumnData({
    columnData: columns.map(({ name, type, nullable }) => ({ name, type, nullable, data: [] })),
  });
  const parquet = new ParquetWriter({ writer, schema, createdBy: 'fastify-camunda' });
  let group: Cell[][] = columns.map(() => []);
  let rows = 0;
  let chars = 0;

  async function writeGroup(): Promise<void> {
    if (rows === 0) return;
    await parquet.write({
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
    group = columns.map(() => []);
    rows = 0;
    chars = 0;
  }

  return {
    async add(row) {
      for (const [at, { value }] of columns.entries()) {
        const cell = value(row);
        if (typeof cell === 'string') chars += cell.length;
        group[at]?.push(cell);
      }
      if (++rows >= GROUP_ROWS || chars >= GROUP_CHARS) await writeGroup();
    },
    async close() {
      await writeGroup();
      await parquet.finish();
      await handle.sync();
      await handle.close();
      return digest();
    },
    abandon: () => handle.close(),
  };
}

/** The library's writer, emptied into the file and the checksum after each row group. */
function fileWriter(handle: FileHandle) {
  const hash = createHash('sha256');
  const writer = new ByteWriter();
  async function flush(): Promise<void> {
    const bytes = new Uint8Array(writer.buffer, 0, writer.index);
    hash.update(bytes);
    await handle.writeFile(bytes);
    writer.index = 0;
  }
  return {
    writer: Object.assign(writer, { flush, finish: flush }),
    digest: () => hash.digest('hex'),
  };
}
