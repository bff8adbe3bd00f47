import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { createParquetEncoder, type ParquetColumn } from './parquet-encoder.ts';

interface ParquetFile<Row> {
  add(row: Row): Promise<void>;
  /** Writes the rest, and syncs it. Returns the SHA-256 of the file in hexadecimal digits. */
  close(): Promise<string>;
  /** Gives the file up as it is. */
  abandon(): Promise<void>;
}

/** Writes a new Parquet file row group by row group, in memory that hardly grows with the rows. */
export async function createParquetFile<Row>(
  path: string,
  columns: readonly ParquetColumn<Row>[],
): Promise<ParquetFile<Row>> {
  const handle = await open(path, 'w');
  const hash = createHash('sha256');
  const encoder = createParquetEncoder(columns);

  async function write(bytes: Uint8Array | undefined): Promise<void> {
    if (!bytes) return;
    hash.update(bytes);
    await handle.writeFile(bytes);
  }

  return {
    async add(row) {
      await write(encoder.add(row)?.bytes);
    },
    async close() {
      await write(encoder.end().bytes);
      await handle.sync();
      await handle.close();
      return hash.digest('hex');
    },
    abandon: () => handle.close(),
  };
}
