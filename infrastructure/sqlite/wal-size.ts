import { closeSync, openSync, readSync } from 'node:fs';

/** Where the index of the write-ahead log has `mxFrame` (https://sqlite.org/walformat.html#the_wal_index_header). */
const LAST_FRAME_AT = 16;

/**
 * The number of pages in the write-ahead log. SQLite returns it only when it copies them to the file. The size of the
 * log does not show it, because the log starts over without being truncated. The number is in native byte order.
 */
export function openWalSize(file: string): { pages(): number; close(): void } {
  const index = openSync(`${file}-shm`, 'r');
  const number = new Uint32Array(1);
  return {
    pages() {
      readSync(index, number, 0, number.byteLength, LAST_FRAME_AT);
      return number[0] ?? 0;
    },
    close: () => closeSync(index),
  };
}
