import { isUtf8 } from 'node:buffer';

/** RFC 8259, section 8.1: must not be sent, but a reader may ignore it. */
const BYTE_ORDER_MARK = '\ufeff';
const REPLACEMENT = '\ufffd';
/** The replacement character itself, in UTF-8. */
const REPLACEMENT_BYTES = Buffer.from(REPLACEMENT);

/**
 * Decodes UTF-8, without a byte order mark before it.
 *
 * @returns the text, or the offset of the first byte that is not UTF-8
 */
export function decodeUtf8(bytes: Buffer): { text: string } | { wrongByte: number } {
  const text = bytes.toString('utf8');
  if (!isUtf8(bytes)) return { wrongByte: firstWrongByte(bytes, text) };
  return { text: text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text };
}

/** The offset of the first replacement character that the body does not have itself. */
function firstWrongByte(bytes: Buffer, text: string): number {
  let offset = 0;
  let from = 0;
  for (;;) {
    const at = text.indexOf(REPLACEMENT, from);
    if (at < 0) return offset;
    offset += Buffer.byteLength(text.slice(from, at));
    if (!bytes.subarray(offset, offset + 3).equals(REPLACEMENT_BYTES)) return offset;
    offset += 3;
    from = at + 1;
  }
}
