import type { Json } from '../../../domain/common/index.ts';
import { decodeUtf8 } from './decode-utf8.ts';
import { inspectJson, type JsonFault } from './inspect-json.ts';

type ReadJson =
  | { kind: 'read'; value: Json }
  /** Not UTF-8; offset of the first byte that is not. */
  | { kind: 'not-utf8'; byte: number }
  | { kind: 'not-json' }
  /** JSON with a value that could not be stored unchanged. */
  | { kind: 'not-kept'; fault: JsonFault };

/** Parses JSON (RFC 8259) without changing any value: it must be UTF-8 and I-JSON (RFC 7493). */
export function readJson(bytes: Buffer): ReadJson {
  const decoded = decodeUtf8(bytes);
  if ('wrongByte' in decoded) return { kind: 'not-utf8', byte: decoded.wrongByte };
  let value: Json;
  try {
    value = JSON.parse(decoded.text) as Json;
  } catch {
    // The parser's message quotes the body, so it is not passed on.
    return { kind: 'not-json' };
  }
  const fault = inspectJson(decoded.text);
  return fault ? { kind: 'not-kept', fault } : { kind: 'read', value };
}
