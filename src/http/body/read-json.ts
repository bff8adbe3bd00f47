import type { Json } from '../../../domain/common/index.ts';
import { decodeUtf8 } from './decode-utf8.ts';
import { inspectJson, type JsonFault } from './inspect-json.ts';

type ReadJson =
  | { kind: 'read'; value: Json }
  /** Not UTF-8; offset of the first byte that is not. */
  | { kind: 'not-utf8'; byte: number }
  | { kind: 'not-json' }
  /** JSON, of which something would not be kept as it was sent. */
  | { kind: 'not-kept'; fault: JsonFault };

/**
 * Reads JSON (RFC 8259) so that what it says is what the value says, or not at all: it must be UTF-8 and
 * I-JSON (RFC 7493).
 */
export function readJson(bytes: Buffer): ReadJson {
  const decoded = decodeUtf8(bytes);
  if ('wrongByte' in decoded) return { kind: 'not-utf8', byte: decoded.wrongByte };
  let value: Json;
  try {
    value = JSON.parse(decoded.text) as Json;
  } catch {
    // What the parser says of it quotes the text.
    return { kind: 'not-json' };
  }
  const fault = inspectJson(decoded.text);
  return fault ? { kind: 'not-kept', fault } : { kind: 'read', value };
}
