import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';

export type FileRow = Record<string, unknown>;

/** The rows of the files of a folder whose names begin so, each file for itself. */
export async function readParquet(folder: string, prefix: string): Promise<Map<string, FileRow[]>> {
  const found = new Map<string, FileRow[]>();
  for (const name of readdirSync(folder).sort()) {
    if (!name.startsWith(prefix) || !name.endsWith('.parquet')) continue;
    const file = await asyncBufferFromFile(join(folder, name));
    // Bytes stay bytes; texts are marked as such and read as texts all the same.
    found.set(name, await parquetReadObjects({ file, utf8: false }));
  }
  return found;
}

/** Rows as a file gives them back: ids as bigint, times as Date, bytes as arrays of them. */
export function asInFile(rows: readonly FileRow[]): FileRow[] {
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        value === null ? null : typed(name, value),
      ]),
    ),
  );
}

function typed(name: string, value: unknown): unknown {
  if (name === 'id') return BigInt(value as string);
  if (name.endsWith('_at')) return new Date(value as string);
  if (name === 'hash') return Uint8Array.from(value as Uint8Array);
  return value;
}
