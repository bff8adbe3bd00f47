import { DateTime } from 'luxon';
import type { Value } from '../values/value.ts';
import { ExpressionError } from './expression.ts';
import {
  isNull,
  isValue,
  JavaList,
  JavaMap,
  JodaTime,
  JsonNode,
  javaClass,
  type Operand,
  opened,
  timeOf,
} from './operands.ts';

/*
 * How JUEL takes a value of one type for another (Jakarta Expression Language 4, section 1.23).
 */

const INTEGERS: ReadonlySet<string> = new Set(['Short', 'Integer', 'Long']);
const MIN_LONG = -(2n ** 63n);
const MAX_LONG = 2n ** 63n - 1n;
/** What `Double.valueOf` reads, without its hexadecimal form. */
const JAVA_DOUBLE = /^\s*[+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?)\s*$/;

export function isInteger(operand: Operand): boolean {
  return isValue(operand) && INTEGERS.has(operand.type);
}

export function isDouble(operand: Operand): boolean {
  return isValue(operand) && operand.type === 'Double';
}

export function isOfType(operand: Operand, type: string): operand is Value {
  return isValue(operand) && operand.type === type;
}

function isNothing(operand: Operand): boolean {
  return isNull(operand) || (isOfType(operand, 'String') && operand.value === '');
}

export function asBoolean(operand: Operand): boolean {
  if (isNothing(operand)) return false;
  if (isOfType(operand, 'Boolean')) return operand.value === true;
  if (isOfType(operand, 'String')) return String(operand.value).toLowerCase() === 'true';
  throw cannotCoerce(operand, 'Boolean');
}

export function asDouble(operand: Operand): number {
  if (isNothing(operand)) return 0;
  if (isInteger(operand) || isDouble(operand)) return Number((operand as Value).value);
  if (!isOfType(operand, 'String')) throw cannotCoerce(operand, 'Double');
  const text = String(operand.value);
  if (!JAVA_DOUBLE.test(text)) throw cannotCoerceText(text, 'Double');
  return Number(text.trim().replace(/(?<=[\d.])[fFdD]$/, ''));
}

export function asLong(operand: Operand): bigint {
  if (isNothing(operand)) return 0n;
  if (isInteger(operand)) return BigInt((operand as Value).value as number | string);
  if (isDouble(operand)) return truncated(Number((operand as Value).value));
  if (!isOfType(operand, 'String')) throw cannotCoerce(operand, 'Long');
  const text = String(operand.value);
  const value = /^[+-]?\d+$/.test(text) ? BigInt(text.replace('+', '')) : undefined;
  if (value === undefined || value < MIN_LONG || value > MAX_LONG)
    throw cannotCoerceText(text, 'Long');
  return value;
}

/** A Java `int`, as an argument of a method. */
export function asInt(operand: Operand): number {
  return Number(BigInt.asIntN(32, asLong(operand)));
}

function truncated(value: number): bigint {
  if (Number.isNaN(value)) return 0n;
  if (value >= 2 ** 63) return MAX_LONG;
  return value <= -(2 ** 63) ? MIN_LONG : BigInt(Math.trunc(value));
}

/** The text of a value in a composite text, or next to a text; null has none. */
export function asText(operand: Operand): string {
  if (isNull(operand)) return '';
  const found = opened(operand);
  if (found instanceof JsonNode) return JSON.stringify(found.json);
  if (found instanceof JavaList) return `[${found.items.map(elementText).join(', ')}]`;
  if (found instanceof JavaMap) return mapText(found);
  if (found instanceof JodaTime) return found.time.toISO() ?? '';
  if (!isValue(found)) return found.javaClass;
  if (found.type === 'Double') return doubleText(Number(found.value));
  if (found.type === 'Date') return dateText(timeOf(found));
  return typeof found.value === 'object' ? JSON.stringify(found.value) : String(found.value);
}

function elementText(operand: Operand): string {
  return isNull(operand) ? 'null' : asText(operand);
}

function mapText({ entries }: JavaMap): string {
  return `{${[...entries].map(([key, value]) => `${key}=${elementText(value)}`).join(', ')}}`;
}

/** As Java's `Double.toString`: 2.0, 1.0E7, 1.0E-4. */
function doubleText(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  if (!Number.isFinite(value)) return String(value);
  if (size >= 1e-3 && size < 1e7) return Number.isInteger(value) ? `${value}.0` : String(value);
  const [digits, exponent] = value.toExponential().split('e');
  const mantissa = digits?.includes('.') ? digits : `${digits}.0`;
  return `${mantissa}E${Number(exponent)}`;
}

/** As Java's `Date.toString`, in the time zone of the process. */
function dateText(time: number): string {
  const date = DateTime.fromMillis(time, { locale: 'en-US' });
  return date.toFormat('EEE MMM dd HH:mm:ss ZZZZ yyyy');
}

function cannotCoerce(operand: Operand, type: string): ExpressionError {
  return new ExpressionError(
    `Cannot coerce from class ${javaClass(operand)} to class java.lang.${type}`,
  );
}

function cannotCoerceText(text: string, type: string): ExpressionError {
  return new ExpressionError(`Cannot coerce '${text}' to class java.lang.${type}`);
}
