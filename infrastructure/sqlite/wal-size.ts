import { closeSync, openSync, readSync } from 'node:fs';

/** Where the index of the write-ahead log has `mxFrame` (https://sqlite.org/walformat.html#the_wal_index_header). */
const LAST_FRAME_AT = 16;

/**
 * How many pages are in the write-ahead log. SQLite tells that only to who takes them over into the file;
 * the size of the log does not, for it is begun again without being cut. The number is in native byte order.
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
