import type { DateTime } from 'luxon';
import { NULL, type Value } from '../values/value.ts';
import { ExpressionError, type Result } from './expression.ts';

/*
 * What expressions work on. A variable stays the `Value` that it is until something looks into it; the classes stand for
 * the Java objects that Camunda would make of it then.
 */

/** A node of Spin: https://docs.camunda.org/manual/7.24/reference/spin/json/ */
export class JsonNode {
  constructor(readonly json: unknown) {}
}
/** A `java.util.List`. */
export class JavaList {
  constructor(readonly items: readonly Operand[]) {}
}
/** A `java.util.Map`. */
export class JavaMap {
  constructor(readonly entries: ReadonlyMap<string, Operand>) {}
}
/** `execution` or `externalTask`: its properties, and for the execution also its variables. */
export class Bean {
  constructor(
    readonly javaClass: string,
    readonly properties: Readonly<Record<string, string | null | Value>>,
    readonly variable: ((name: string) => Value | undefined) | null,
  ) {}
}
/** Joda's `DateTime`, which `dateTime()` gives. */
export class JodaTime {
  constructor(readonly time: DateTime) {}
}

export type Operand = Value | JsonNode | JavaList | JavaMap | Bean | JodaTime;

export function isValue(operand: Operand): operand is Value {
  return 'type' in operand;
}

export function isNull(operand: Operand): boolean {
  return isValue(operand) && (operand.value === null || operand.value === undefined);
}

export function booleanValue(value: boolean): Value {
  return value ? TRUE : FALSE;
}
const TRUE: Value = { type: 'Boolean', value: true };
const FALSE: Value = { type: 'Boolean', value: false };

export function stringValue(value: string): Value {
  return { type: 'String', value };
}

/** A Java long; it wraps around as Java's does. */
export function longValue(exact: bigint): Value {
  const wrapped = BigInt.asIntN(64, exact);
  const value = Number(wrapped);
  return { type: 'Long', value: Number.isSafeInteger(value) ? value : String(wrapped) };
}

export function dateValue(time: number): Value {
  return { type: 'Date', value: new Date(time).toISOString().replace('Z', '+0000') };
}

/** Milliseconds since 1970 of a Date value. */
export function timeOf(date: Value): number {
  return Date.parse(String(date.value));
}

/** What can be looked into: the JSON of a `Json` or a JSON-serialized `Object` variable is read here, and not before. */
export function opened(operand: Operand): Operand {
  if (!isValue(operand) || isNull(operand)) return operand;
  if (operand.type === 'Json') return new JsonNode(parseJson(operand.value));
  if (operand.type === 'Object' && isJsonObject(operand))
    return javaValue(parseJson(operand.value));
  return operand;
}

function isJsonObject({ value, info }: Value): boolean {
  const format = info?.serializationDataFormat;
  return (
    typeof value === 'object' ||
    (typeof format === 'string' && format.startsWith('application/json'))
  );
}

/** @throws ExpressionError in Spin's words */
export function parseJson(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    throw new ExpressionError('SPIN/JACKSON-JSON-01001 Unable to parse input into json node');
  }
}

/** The Java value that Jackson makes of JSON: maps, lists and plain values. */
export function javaValue(json: unknown): Operand {
  if (Array.isArray(json)) return new JavaList(json.map(javaValue));
  if (typeof json === 'object' && json !== null) {
    return new JavaMap(
      new Map(Object.entries(json).map(([key, value]) => [key, javaValue(value)])),
    );
  }
  if (typeof json === 'string') return stringValue(json);
  if (typeof json === 'boolean') return booleanValue(json);
  return typeof json === 'number' ? numberValue(json) : NULL;
}

/** The type that Jackson gives a number of JSON. JSON.parse does not keep whether it was written 2 or 2.0. */
function numberValue(value: number): Value {
  if (!Number.isInteger(value)) return { type: 'Double', value };
  return { type: Math.trunc(value) === (value | 0) ? 'Integer' : 'Long', value };
}

/** The plain JSON of a value, as Jackson writes it. */
export function jsonOf(operand: Operand): unknown {
  const found = opened(operand);
  if (found instanceof JsonNode) return found.json;
  if (found instanceof JavaList) return found.items.map(jsonOf);
  if (found instanceof JavaMap) {
    return Object.fromEntries([...found.entries].map(([key, value]) => [key, jsonOf(value)]));
  }
  if (found instanceof Bean || found instanceof JodaTime) {
    throw new ExpressionError(`Cannot serialize an object of class ${javaClass(found)}`);
  }
  return found.type === 'Date' ? timeOf(found) : found.value;
}

/** What leaves the expression. */
export function toResult(operand: Operand): Result {
  if (operand instanceof JavaList) return { type: 'List', items: operand.items.map(toValue) };
  return toValue(operand);
}

function toValue(operand: Operand): Value {
  if (isValue(operand)) return operand;
  if (operand instanceof JsonNode) return { type: 'Json', value: JSON.stringify(operand.json) };
  if (operand instanceof JodaTime) return serialized(operand, operand.time.toISO());
  return serialized(operand, JSON.stringify(jsonOf(operand)));
}

function serialized(operand: Operand, value: unknown): Value {
  const info = { objectTypeName: javaClass(operand), serializationDataFormat: 'application/json' };
  return { type: 'Object', value, info };
}

/** The name of the Java class that Camunda would have there; error messages tell it. */
export function javaClass(operand: Operand): string {
  if (operand instanceof JsonNode) return 'org.camunda.spin.impl.json.jackson.JacksonJsonNode';
  if (operand instanceof JavaList) return 'java.util.ArrayList';
  if (operand instanceof JavaMap) return 'java.util.LinkedHashMap';
  if (operand instanceof JodaTime) return 'org.joda.time.DateTime';
  if (operand instanceof Bean) return operand.javaClass;
  if (operand.type === 'Date') return 'java.util.Date';
  if (operand.type === 'Json') return 'org.camunda.spin.impl.json.jackson.JacksonJsonNode';
  if (operand.type === 'Object') return String(operand.info?.objectTypeName ?? 'java.lang.Object');
  return `java.lang.${operand.type}`;
}
