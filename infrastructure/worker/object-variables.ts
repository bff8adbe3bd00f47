import type { Json } from '../../domain/common/index.ts';
import { type JavaContent, type JavaObject, readJavaStream } from './java-stream.ts';

/** A variable of the type Object, as Camunda's REST API shows it when it is not deserialized. */
export interface ObjectVariable {
  value: unknown;
  serializationDataFormat?: unknown;
}

/**
 * The JSON of a variable of the type Object, which the engine keeps as JSON or serialized by Java: lists and maps that
 * a model makes (`camunda:list`, `camunda:map`), or that Java code has set. What is of other classes than Java's own
 * collections, numbers, texts and dates stays as it was given.
 */
export function readObjectVariable({ value, serializationDataFormat }: ObjectVariable): unknown {
  if (typeof value !== 'string') return value;
  try {
    switch (serializationDataFormat) {
      case 'application/json':
        return JSON.parse(value);
      case 'application/x-java-serialized-object':
        return jsonOf(readJavaStream(Buffer.from(value, 'base64')), new Set());
      default:
        return value;
    }
  } catch {
    return value;
  }
}

/**
 * A variable of an external task as a step sees it.
 *
 * @param info `valueInfo` of Camunda's REST API
 */
export function readTaskVariable(
  type: unknown,
  value: unknown,
  info: object | null | undefined,
): unknown {
  if (value === null || value === undefined) return null;
  switch (type) {
    case 'Json':
      return JSON.parse(String(value));
    case 'Date':
      return new Date(String(value));
    case 'Object':
      return readObjectVariable({ ...info, value });
    default:
      return value;
  }
}

/** @param around the objects that this one is in: one that is in itself has no JSON */
function jsonOf(content: JavaContent, around: ReadonlySet<JavaContent>): Json {
  if (typeof content === 'bigint') return exactNumber(content);
  if (content === null || typeof content !== 'object') return content;
  if ('constant' in content) return content.constant;
  if (around.has(content)) throw new Error('an object is in itself');
  const within = new Set([...around, content]);
  const items = (list: readonly JavaContent[]): Json[] => list.map((item) => jsonOf(item, within));
  if ('array' in content) return items(content.array);
  const kind = KINDS[content.className];
  switch (kind) {
    case 'value':
      return jsonOf(content.fields.get('value') ?? null, within);
    case 'list':
      return items(contentsOf(content));
    case 'array':
      return jsonOf(content.fields.get('a') ?? null, within);
    case 'map':
      return mapOf(items(contentsOf(content)));
    case 'immutable':
      return content.fields.get('tag') === 3
        ? mapOf(items(contentsOf(content)))
        : items(contentsOf(content));
    case 'date':
      return dateOf(content);
    default:
      throw new Error(`${content.className} has no JSON here`);
  }
}

/** How the classes keep what they have: in a field, or written by themselves behind their size. */
const KINDS: Readonly<Record<string, 'value' | 'list' | 'array' | 'map' | 'immutable' | 'date'>> = {
  'java.lang.Byte': 'value',
  'java.lang.Short': 'value',
  'java.lang.Integer': 'value',
  'java.lang.Long': 'value',
  'java.lang.Float': 'value',
  'java.lang.Double': 'value',
  'java.lang.Boolean': 'value',
  'java.lang.Character': 'value',
  'java.util.ArrayList': 'list',
  'java.util.LinkedList': 'list',
  'java.util.HashSet': 'list',
  'java.util.LinkedHashSet': 'list',
  'java.util.Arrays$ArrayList': 'array',
  'java.util.HashMap': 'map',
  'java.util.LinkedHashMap': 'map',
  'java.util.TreeMap': 'map',
  'java.util.CollSer': 'immutable',
  'java.util.Date': 'date',
};

function contentsOf({ written }: JavaObject): JavaContent[] {
  return written.flatMap((part) => (Buffer.isBuffer(part) ? [] : [part.content]));
}

function mapOf(keysAndValues: readonly Json[]): Json {
  const entries: [string, Json][] = [];
  for (let at = 0; at + 1 < keysAndValues.length; at += 2) {
    entries.push([String(keysAndValues[at]), keysAndValues[at + 1] ?? null]);
  }
  return Object.fromEntries(entries);
}

function dateOf({ written }: JavaObject): Json {
  const [bytes] = written;
  if (!Buffer.isBuffer(bytes)) throw new Error('a date has no time');
  return new Date(Number(bytes.readBigInt64BE())).toISOString();
}

/** Beyond 2^53 the text of its digits, as a Long has it elsewhere. */
function exactNumber(value: bigint): Json {
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}
