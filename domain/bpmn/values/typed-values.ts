import { NULL, type Value } from './value.ts';

/** A variable as a caller of Camunda's REST API writes it. */
export interface GivenValue {
  readonly value?: unknown;
  readonly type?: string | null | undefined;
  readonly valueInfo?: Readonly<Record<string, unknown>> | null | undefined;
}

/** A variable cannot be read; `message` names it. */
export class UnreadableValueError extends Error {
  override readonly name = 'UnreadableValueError';
}

/** Reads a value of a type; undefined when it does not fit. */
type Reader = (value: unknown) => unknown;

const DATE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}[+-]\d{4}$/;
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['True', true],
  ['TRUE', true],
  ['false', false],
  ['False', false],
  ['FALSE', false],
]);

/**
 * A value of another type is taken for what its text says, so 5 is a String "5" and "5" an Integer 5; an empty text is
 * no number, no date and no truth, but null. Nobody looks into Json or an Object before an expression does.
 */
const READERS: Readonly<Record<string, Reader>> = {
  String: (value) => (typeof value === 'object' ? undefined : String(value)),
  Boolean: orNull((value) => BOOLEANS.get(String(value))),
  Short: orNull(integer(15)),
  Integer: orNull(integer(31)),
  Long: orNull(integer(63)),
  Double: orNull(finite),
  Date: orNull(date),
  Json: textOnly,
  Object: textOnly,
  Bytes: base64,
  File: base64,
  Null: () => undefined,
};

/**
 * Reads a variable of a request; the first letter of its type may be in either case, or the type missing.
 *
 * Source: https://docs.camunda.org/manual/7.24/reference/rest/overview/variables/
 *
 * @throws UnreadableValueError naming the variable
 */
export function readTyped(name: string, given: GivenValue): Value {
  if (!given.type) return inferValue(given.value);
  const type = given.type.charAt(0).toUpperCase() + given.type.slice(1);
  const read = Object.hasOwn(READERS, type) ? READERS[type] : undefined;
  if (!read) {
    throw new UnreadableValueError(
      `Cannot set variable ${name}: the embedded engine has no values of type '${type}'`,
    );
  }
  if (type === 'File') checkFile(name, given);
  const value = given.value ?? null;
  const fitting = value === null ? null : read(value);
  if (fitting === undefined) {
    throw new UnreadableValueError(
      `Cannot set variable ${name}: the value does not fit type '${type}'`,
    );
  }
  return withInfo({ type, value: fitting }, given.valueInfo);
}

function checkFile(name: string, { value, valueInfo }: GivenValue): void {
  if (typeof valueInfo?.filename === 'string' && typeof value === 'string') return;
  throw new UnreadableValueError(
    `Cannot set variable ${name}: a File needs a value and, in its valueInfo, a filename`,
  );
}

/** An Object is described further by how it is serialized, and a File by its name. */
function withInfo(value: Value, info: GivenValue['valueInfo']): Value {
  if (!info) return value;
  if (value.type === 'Object') return { ...value, info };
  if (value.type !== 'File') return value;
  const { filename, mimeType, encoding } = info;
  return {
    ...value,
    info: { ...(encoding ? { encoding } : {}), filename, ...(mimeType ? { mimeType } : {}) },
  };
}

/** The type of a value that comes without one, by its kind of JSON. */
export function inferValue(value: unknown): Value {
  switch (typeof value) {
    case 'boolean':
      return { type: 'Boolean', value };
    case 'number':
      return { type: numberType(value), value };
    case 'string':
      return { type: 'String', value };
    default:
      return value === null || value === undefined ? NULL : { type: 'Object', value };
  }
}

function numberType(value: number): string {
  if (!Number.isInteger(value)) return 'Double';
  return integer(31)(value) === undefined ? 'Long' : 'Integer';
}

function textOnly(value: unknown): unknown {
  return typeof value === 'string' ? value : undefined;
}

/** The text of bytes in Base64 (RFC 4648, section 4). */
function base64(value: unknown): unknown {
  if (typeof value !== 'string') return undefined;
  const text = value.replace(/\s/g, '');
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0 ? text : undefined;
}

function orNull(read: Reader): Reader {
  return (value) => (value === '' ? null : read(value));
}

function finite(value: unknown): number | undefined {
  const found = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
}

/** An integer of so many bits besides its sign; beyond 2^53 the text of its digits. */
function integer(bits: number): Reader {
  const limit = 2n ** BigInt(bits);
  return (value) => {
    const isDigits = typeof value === 'string' && /^[+-]?\d+$/.test(value);
    if (!isDigits && !Number.isInteger(value)) return undefined;
    const exact = BigInt(isDigits ? value.replace('+', '') : Number(value));
    if (exact < -limit || exact >= limit) return undefined;
    return Number.isSafeInteger(Number(exact)) ? Number(exact) : String(exact);
  };
}

function date(value: unknown): string | undefined {
  if (typeof value !== 'string' || !DATE.test(value)) return undefined;
  const time = new Date(value);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString().replace('Z', '+0000');
}
