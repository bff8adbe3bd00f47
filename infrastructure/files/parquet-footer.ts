import { ByteWriter, ParquetWriter } from 'hyparquet-writer';

type Schema = ParquetWriter['schema'];
type Groups = ParquetWriter['row_groups'];

interface ParquetFooter {
  /** What the footer says of a row group, in bytes. */
  entryOf(group: Groups): Uint8Array;
  /** All that follows the last of so many rows: the footer, its length and the magic bytes. */
  end(rows: number, entries: readonly Uint8Array[]): Uint8Array;
}

const MAGIC = new TextEncoder().encode('PAR1');
const LENGTH_BYTES = 4;
/** Thrift's compact protocol (https://thrift.apache.org/docs/specs/compact-protocol): a struct in a list. */
const STRUCT = 12;
/** In place of a length: it follows as a number of its own. */
const LONG_LIST = 15;

export const CREATED_BY = 'fastify-camunda';

/**
 * Footers made of entries in bytes: the library wants all row groups as objects until the end of the file,
 * ten times as much, and those of a file that was begun by another process are not there at all.
 */
export function createParquetFooter(schema: Schema): ParquetFooter {
  /** As the library writes it, with the length and the magic bytes. */
  function written(rows: number, groups: Groups): Uint8Array {
    const writer = new ByteWriter();
    const parquet = new ParquetWriter({ writer, schema, createdBy: CREATED_BY });
    parquet.row_groups = groups;
    parquet.num_rows = BigInt(rows);
    void parquet.finish();
    return writer.getBytes().subarray(MAGIC.length);
  }

  /** What is before and behind the list of row groups. It begins with its length, the first byte that differs. */
  function around(rows: number): { before: Uint8Array; behind: Uint8Array } {
    const none = written(rows, []);
    const one = written(rows, [{ columns: [], total_byte_size: 0n, num_rows: 0n }]);
    const list = none.findIndex((byte, at) => byte !== one[at]);
    return {
      before: none.subarray(0, list),
      behind: none.subarray(list + 1, none.length - LENGTH_BYTES - MAGIC.length),
    };
  }

  return {
    entryOf(group) {
      const { before, behind } = around(0);
      const footer = written(0, group);
      const end = footer.length - MAGIC.length - LENGTH_BYTES - behind.length;
      return footer.slice(before.length + 1, end);
    },
    end(rows, entries) {
      const { before, behind } = around(rows);
      const writer = new ByteWriter();
      writer.appendBytes(before);
      const isLong = entries.length >= LONG_LIST;
      writer.appendUint8(((isLong ? LONG_LIST : entries.length) << 4) | STRUCT);
      if (isLong) writer.appendVarInt(entries.length);
      for (const entry of entries) writer.appendBytes(entry);
      writer.appendBytes(behind);
      writer.appendUint32(writer.offset);
      writer.appendBytes(MAGIC);
      return writer.getBytes();
    },
  };
}
