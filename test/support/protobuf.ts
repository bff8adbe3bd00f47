/** A field of a protobuf message: its number, and what it holds, by its wire type. */
export interface Field {
  at: number;
  /** Of a varint. */
  value: bigint;
  /** Of a message, text or fixed number. */
  bytes: Buffer;
}

const NOTHING = Buffer.alloc(0);

/** The fields of a message (https://protobuf.dev/programming-guides/encoding/). */
export function fields(message: Buffer): Field[] {
  const found: Field[] = [];
  let at = 0;
  function varint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }
  function take(length: number): Buffer {
    at += length;
    return message.subarray(at - length, at);
  }
  while (at < message.length) {
    const tag = Number(varint());
    const field = { at: tag >> 3, value: 0n, bytes: NOTHING };
    switch (tag & 7) {
      case 0:
        found.push({ ...field, value: varint() });
        break;
      case 1:
        found.push({ ...field, bytes: take(8) });
        break;
      case 2:
        found.push({ ...field, bytes: take(Number(varint())) });
        break;
      case 5:
        found.push({ ...field, bytes: take(4) });
        break;
      default:
        throw new Error(`no protobuf: wire type ${tag & 7}`);
    }
  }
  return found;
}

/** A field that is text; empty when it is not there. */
export function textOf(message: readonly Field[], at: number): string {
  return message.find((field) => field.at === at)?.bytes.toString() ?? '';
}
