import { NULL } from '../values/value.ts';
import { asInt, asText } from './coerce.ts';
import { ExpressionError } from './expression.ts';
import {
  type Bean,
  booleanValue,
  isNull,
  isValue,
  JavaList,
  type JavaMap,
  JsonNode,
  javaValue,
  jsonOf,
  type Operand,
  opened,
  stringValue,
} from './operands.ts';
import { javaEquals } from './operators.ts';
import type { Method } from './value-methods.ts';

/** A list of one is taken for what it holds by no method here, so a missing argument is a null. */
const given = (operand: Operand | undefined): Operand => operand ?? NULL;

function method<Subject>(arity: number, call: Method<Subject>['call']): Method<Subject> {
  return { arity: [arity], call };
}

/** Of `java.util.List`; those that change it are not supported. */
export const LIST_METHODS: Readonly<Record<string, Method<JavaList>>> = {
  size: method(0, ({ items }) => ({ type: 'Integer', value: items.length })),
  isEmpty: method(0, ({ items }) => booleanValue(items.length === 0)),
  get: method(1, ({ items }, at) => itemAt(items, asInt(given(at)))),
  contains: method(1, ({ items }, other) =>
    booleanValue(items.some((item) => javaEquals(item, given(other)))),
  ),
  indexOf: method(1, ({ items }, other) => ({
    type: 'Integer',
    value: items.findIndex((item) => javaEquals(item, given(other))),
  })),
};

function itemAt(items: readonly Operand[], index: number): Operand {
  const item = items[index];
  if (item !== undefined) return item;
  throw new ExpressionError(`Index ${index} out of bounds for length ${items.length}`);
}

/** Of `java.util.Map`; those that change it are not supported. */
export const MAP_METHODS: Readonly<Record<string, Method<JavaMap>>> = {
  size: method(0, ({ entries }) => ({ type: 'Integer', value: entries.size })),
  isEmpty: method(0, ({ entries }) => booleanValue(entries.size === 0)),
  get: method(1, ({ entries }, key) => entries.get(asText(given(key))) ?? NULL),
  containsKey: method(1, ({ entries }, key) => booleanValue(entries.has(asText(given(key))))),
  keySet: method(0, ({ entries }) => new JavaList([...entries.keys()].map(stringValue))),
  values: method(0, ({ entries }) => new JavaList([...entries.values()])),
};

/** Of Spin's node; those that change it, `jsonPath` and `mapTo` are not supported. */
export const JSON_METHODS: Readonly<Record<string, Method<JsonNode>>> = {
  prop: method(1, ({ json }, name) => new JsonNode(prop(json, asText(given(name))))),
  hasProp: method(1, ({ json }, name) => booleanValue(hasProp(json, asText(given(name))))),
  fieldNames: method(0, ({ json }) => new JavaList(fieldNames(json).map(stringValue))),
  elements: method(0, ({ json }) => new JavaList(elements(json).map((item) => new JsonNode(item)))),
  contains: method(1, ({ json }, other) => booleanValue(indexIn(json, given(other)) >= 0)),
  indexOf: method(1, ({ json }, other) => foundIndex(json, given(other))),
  isObject: method(0, ({ json }) => booleanValue(nodeType(json) === 'OBJECT')),
  isArray: method(0, ({ json }) => booleanValue(nodeType(json) === 'ARRAY')),
  isString: method(0, ({ json }) => booleanValue(nodeType(json) === 'STRING')),
  isNumber: method(0, ({ json }) => booleanValue(nodeType(json) === 'NUMBER')),
  isBoolean: method(0, ({ json }) => booleanValue(nodeType(json) === 'BOOLEAN')),
  isNull: method(0, ({ json }) => booleanValue(nodeType(json) === 'NULL')),
  isValue: method(0, ({ json }) => booleanValue(!isContainer(json))),
  stringValue: method(0, ({ json }) => javaValue(expectNode(json, 'STRING', 'String'))),
  numberValue: method(0, ({ json }) => javaValue(expectNode(json, 'NUMBER', 'Number'))),
  boolValue: method(0, ({ json }) => javaValue(expectNode(json, 'BOOLEAN', 'Boolean'))),
  value: method(0, ({ json }) => {
    if (isContainer(json)) throw unexpectedNode('String/Number/Boolean/Null', json);
    return javaValue(json);
  }),
};

function nodeType(json: unknown): string {
  if (json === null || json === undefined) return 'NULL';
  return Array.isArray(json) ? 'ARRAY' : (typeof json).toUpperCase();
}

function isContainer(json: unknown): json is object {
  return typeof json === 'object' && json !== null;
}

function hasProp(json: unknown, name: string): json is Record<string, unknown> {
  return nodeType(json) === 'OBJECT' && Object.hasOwn(json as object, name);
}

function prop(json: unknown, name: string): unknown {
  if (hasProp(json, name)) return json[name];
  throw new ExpressionError(`SPIN/JACKSON-JSON-01004 Unable to find '${name}'`);
}

function fieldNames(json: unknown): string[] {
  if (!isContainer(json)) throw unexpectedNode('Array/Object', json);
  return Array.isArray(json) ? [] : Object.keys(json);
}

function elements(json: unknown): unknown[] {
  if (Array.isArray(json)) return json;
  throw unexpectedNode('SpinList', json);
}

/** Jackson's integers of different types are not equal, and a literal is a long: only a variable finds an int. */
function indexIn(json: unknown, wanted: Operand): number {
  if (isNull(wanted)) throw new ExpressionError("parameter 'searchObject' is null");
  if (!Array.isArray(json)) {
    throw new ExpressionError(
      `SPIN/JACKSON-JSON-01011 Unable to get index from '${nodeType(json)}'. Node is not a list.`,
    );
  }
  const found = opened(wanted);
  if (isValue(found)) return json.findIndex((item) => javaEquals(javaValue(item), found));
  const text = JSON.stringify(jsonOf(found));
  return json.findIndex((item) => JSON.stringify(item) === text);
}

function foundIndex(json: unknown, wanted: Operand): Operand {
  const value = indexIn(json, wanted);
  if (value >= 0) return { type: 'Integer', value };
  throw new ExpressionError(`SPIN/JACKSON-JSON-01004 Unable to find '${asText(wanted)}'`);
}

function expectNode(json: unknown, type: string, javaType: string): unknown {
  if (nodeType(json) === type) return json;
  throw unexpectedNode(javaType, json);
}

function unexpectedNode(expected: string, json: unknown): ExpressionError {
  return new ExpressionError(
    `SPIN/JACKSON-JSON-01002 Expected '${expected}', got '${nodeType(json)}'`,
  );
}

/** Of the execution; its getters are found by their names. */
export const EXECUTION_METHODS: Readonly<Record<string, Method<Bean>>> = {
  getVariable: method(1, ({ variable }, name) => variable?.(asText(given(name))) ?? NULL),
  hasVariable: method(1, ({ variable }, name) => {
    return booleanValue(variable?.(asText(given(name))) !== undefined);
  }),
};
