import type { Value } from '../values/value.ts';
import { asBoolean, asDouble, asLong, asText, isDouble, isInteger, isOfType } from './coerce.ts';
import { ExpressionError } from './expression.ts';
import {
  booleanValue,
  isNull,
  isValue,
  JavaList,
  JavaMap,
  javaClass,
  jsonOf,
  longValue,
  type Operand,
  opened,
  timeOf,
} from './operands.ts';

/*
 * JUEL's operators on Java values: what they compare or compute depends on the types of both sides
 * (Jakarta Expression Language 4, sections 1.7 to 1.11).
 */

type Binary = (left: Operand, right: Operand) => Value;
type Unary = (operand: Operand) => Value;

/** Those that always look at both sides; `&&` and `||` do not. */
export const BINARY: Readonly<Record<string, Binary>> = {
  '==': (left, right) => booleanValue(equals(left, right)),
  '!=': (left, right) => booleanValue(!equals(left, right)),
  '<': (left, right) => booleanValue(comparesTo(left, right, (order) => order < 0, false)),
  '>': (left, right) => booleanValue(comparesTo(left, right, (order) => order > 0, false)),
  // JUEL takes "not greater" for "less or equal", which shows with NaN.
  '<=': (left, right) => booleanValue(comparesTo(left, right, (order) => !(order > 0), true)),
  '>=': (left, right) => booleanValue(comparesTo(left, right, (order) => !(order < 0), true)),
  '+': (left, right) =>
    arithmetic(
      left,
      right,
      (a, b) => a + b,
      (a, b) => a + b,
    ),
  '-': (left, right) =>
    arithmetic(
      left,
      right,
      (a, b) => a - b,
      (a, b) => a - b,
    ),
  '*': (left, right) =>
    arithmetic(
      left,
      right,
      (a, b) => a * b,
      (a, b) => a * b,
    ),
  '/': divide,
  '%': (left, right) => arithmetic(left, right, (a, b) => a % b, remainder),
};

export const UNARY: Readonly<Record<string, Unary>> = {
  '!': (operand) => booleanValue(!asBoolean(operand)),
  '-': negate,
  empty: (operand) => booleanValue(isEmpty(operand)),
};

export function equals(left: Operand, right: Operand): boolean {
  if (left === right) return true;
  if (isNull(left) || isNull(right)) return isNull(left) && isNull(right);
  if (isDouble(left) || isDouble(right)) return Object.is(asDouble(left), asDouble(right));
  if (isInteger(left) || isInteger(right)) return asLong(left) === asLong(right);
  if (isOfType(left, 'Boolean') || isOfType(right, 'Boolean')) {
    return asBoolean(left) === asBoolean(right);
  }
  if (isOfType(left, 'String') || isOfType(right, 'String')) return asText(left) === asText(right);
  return javaEquals(left, right);
}

/** Java's `equals`: only values of one type are equal, and nodes of JSON only to themselves. */
export function javaEquals(left: Operand, right: Operand): boolean {
  if (left === right) return true;
  const a = opened(left);
  const b = opened(right);
  if (a instanceof JavaList && b instanceof JavaList) {
    return (
      a.items.length === b.items.length &&
      a.items.every((item, i) => javaEquals(item, b.items[i] as Operand))
    );
  }
  if (a instanceof JavaMap && b instanceof JavaMap) {
    return JSON.stringify(jsonOf(a)) === JSON.stringify(jsonOf(b));
  }
  if (!isValue(a) || !isValue(b) || a.type !== b.type) return false;
  return a.type === 'Date' ? timeOf(a) === timeOf(b) : a.value === b.value;
}

/** @param same the answer for two nulls */
function comparesTo(
  left: Operand,
  right: Operand,
  holds: (order: number) => boolean,
  same: boolean,
): boolean {
  if (left === right) return same;
  if (isNull(left) || isNull(right)) return isNull(left) && isNull(right) && same;
  return holds(compare(left, right));
}

/** Below 0, 0 or above 0; NaN when one of two doubles is not one. */
export function compare(left: Operand, right: Operand): number {
  if (isDouble(left) || isDouble(right)) return asDouble(left) - asDouble(right);
  if (isInteger(left) || isInteger(right)) return order(asLong(left), asLong(right));
  if (isOfType(left, 'String') || isOfType(right, 'String')) {
    return order(asText(left), asText(right));
  }
  if (isOfType(left, 'Date') && isOfType(right, 'Date')) return timeOf(left) - timeOf(right);
  if (isOfType(left, 'Boolean') && isOfType(right, 'Boolean')) {
    return Number(left.value) - Number(right.value);
  }
  throw new ExpressionError(
    `Cannot compare 'class ${javaClass(left)}' and 'class ${javaClass(right)}'`,
  );
}

function order<T extends bigint | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Doubles when one side is a double, or a text that looks like one; otherwise longs. */
function arithmetic(
  left: Operand,
  right: Operand,
  onDoubles: (a: number, b: number) => number,
  onLongs: (a: bigint, b: bigint) => bigint,
): Value {
  if (isNull(left) && isNull(right)) return longValue(0n);
  if (looksDouble(left) || looksDouble(right)) {
    return { type: 'Double', value: onDoubles(asDouble(left), asDouble(right)) };
  }
  return longValue(onLongs(asLong(left), asLong(right)));
}

function looksDouble(operand: Operand): boolean {
  return isDouble(operand) || (isOfType(operand, 'String') && /[.eE]/.test(String(operand.value)));
}

function divide(left: Operand, right: Operand): Value {
  if (isNull(left) && isNull(right)) return longValue(0n);
  return { type: 'Double', value: asDouble(left) / asDouble(right) };
}

function remainder(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new ExpressionError('/ by zero');
  return a % b;
}

/** The one operator that keeps the type of its number. */
function negate(operand: Operand): Value {
  if (isNull(operand)) return longValue(0n);
  if (looksDouble(operand)) return { type: 'Double', value: -asDouble(operand) };
  if (isOfType(operand, 'Integer') || isOfType(operand, 'Short')) {
    return { type: operand.type, value: 0 - Number(operand.value) };
  }
  if (!isOfType(operand, 'Long') && !isOfType(operand, 'String')) {
    throw new ExpressionError(`Cannot negate 'class ${javaClass(operand)}'`);
  }
  return longValue(-asLong(operand));
}

export function isEmpty(operand: Operand): boolean {
  if (isNull(operand)) return true;
  const found = opened(operand);
  if (found instanceof JavaList) return found.items.length === 0;
  if (found instanceof JavaMap) return found.entries.size === 0;
  return isOfType(found, 'String') && found.value === '';
}
