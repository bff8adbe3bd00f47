/** The first bytes of a file, and the encoding that they show: https://www.w3.org/TR/xml/#sec-guessing */
const STARTS: readonly [bytes: number[], encoding: string][] = [
  [[0xef, 0xbb, 0xbf], 'utf-8'],
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
  [[0x3c, 0x00], 'utf-16le'],
  [[0x00, 0x3c], 'utf-16be'],
];
const DECLARED = /^<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']/;

/**
 * The text of an XML file, by its byte order mark, the width of its first characters or its declaration; without
 * any it is UTF-8.
 *
 * @throws Error when the encoding is not known, or the bytes are not in it
 */
export function decodeXml(bytes: Uint8Array): string {
  const guessed = STARTS.find(([start]) => start.every((byte, at) => bytes[at] === byte))?.[1];
  const declared = DECLARED.exec(Buffer.from(bytes.subarray(0, 256)).toString('latin1'))?.[1];
  const encoding = guessed ?? declared ?? 'utf-8';
  let decoder: InstanceType<typeof TextDecoder>;
  try {
    decoder = new TextDecoder(encoding, { fatal: true });
  } catch (cause) {
    throw new Error(`its encoding ${encoding} is not known`, { cause });
  }
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new Error(`its bytes are not valid ${encoding}, its declared or default encoding`, {
      cause,
    });
  }
}
