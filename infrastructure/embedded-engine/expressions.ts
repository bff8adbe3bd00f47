import type jsep from 'jsep';
import { methodCall, PART, parse, WHOLE } from './expression-syntax.ts';
import { JsonNode } from './typed-value.ts';

/** What an expression may name. */
type Scope = (name: string) => unknown;

/** For a name nobody knows: an error in the real engine too. */
export class UnknownNameError extends Error {
  constructor(name: string) {
    super(`Unknown property used in expression. Cause: Cannot resolve identifier '${name}'`);
  }
}

/**
 * Evaluates the part of JUEL that conditions are written in (Jakarta Expression Language 3, operators,
 * literals, `empty`, methods of texts and JSON nodes). Text around `${…}` is kept.
 *
 * @throws Error when the expression cannot be read or names something unknown
 */
export function evaluate(text: string, scope: Scope): unknown {
  const whole = WHOLE.exec(text);
  if (whole) return value(parse(whole[1] ?? ''), scope);
  return text.replace(PART, (_, inner: string) => String(value(parse(inner), scope) ?? ''));
}

function value(node: jsep.Expression, scope: Scope): unknown {
  switch (node.type) {
    case 'Literal':
      return (node as jsep.Literal).value;
    case 'Identifier':
      return scope((node as jsep.Identifier).name);
    case 'UnaryExpression':
      return unary(node as jsep.UnaryExpression, scope);
    case 'BinaryExpression':
      return binary(node as jsep.BinaryExpression, scope);
    case 'ConditionalExpression': {
      const { test, consequent, alternate } = node as jsep.ConditionalExpression;
      return value(truth(value(test, scope)) ? consequent : alternate, scope);
    }
    case 'CallExpression':
      return call(node as jsep.CallExpression, scope);
    default:
      throw new Error(`expressions of type ${node.type} are not supported`);
  }
}

function unary({ operator, argument }: jsep.UnaryExpression, scope: Scope): unknown {
  const operand = value(argument, scope);
  switch (operator) {
    case '!':
    case 'not':
      return !truth(operand);
    case '-':
      return -number(operand);
    case 'empty':
      return operand === null || operand === '';
    default:
      throw new Error(`the operator ${operator} is not supported`);
  }
}

function binary({ operator, left, right }: jsep.BinaryExpression, scope: Scope): unknown {
  const a = value(left, scope);
  // The right side is only looked at when the left one leaves the answer open.
  if (operator === '&&' || operator === 'and') return truth(a) && truth(value(right, scope));
  if (operator === '||' || operator === 'or') return truth(a) || truth(value(right, scope));
  const b = value(right, scope);
  switch (operator) {
    case '==':
    case 'eq':
      return equal(a, b);
    case '!=':
    case 'ne':
      return !equal(a, b);
    case '<':
    case 'lt':
      return compare(a, b) < 0;
    case '>':
    case 'gt':
      return compare(a, b) > 0;
    case '<=':
    case 'le':
      return compare(a, b) <= 0;
    case '>=':
    case 'ge':
      return compare(a, b) >= 0;
    case '+':
      return number(a) + number(b);
    case '-':
      return number(a) - number(b);
    case '*':
      return number(a) * number(b);
    case '/':
    case 'div':
      return number(a) / number(b);
    case '%':
    case 'mod':
      return number(a) % number(b);
    default:
      throw new Error(`the operator ${operator} is not supported`);
  }
}

type Method = (subject: never, ...args: never[]) => unknown;
const TEXT_METHODS: Record<string, Method> = {
  equals: (text: string, other: unknown) => text === other,
  equalsIgnoreCase: (text: string, other: string) => text.toLowerCase() === other.toLowerCase(),
  contains: (text: string, part: string) => text.includes(part),
  startsWith: (text: string, part: string) => text.startsWith(part),
  endsWith: (text: string, part: string) => text.endsWith(part),
  indexOf: (text: string, part: string) => text.indexOf(part),
  substring: (text: string, from: number, to?: number) => text.substring(from, to),
  concat: (text: string, other: string) => text + other,
  isEmpty: (text: string) => text === '',
  length: (text: string) => text.length,
  toLowerCase: (text: string) => text.toLowerCase(),
  toUpperCase: (text: string) => text.toUpperCase(),
  trim: (text: string) => text.trim(),
};
const DATE_METHODS: Record<string, Method> = {
  before: (date: Date, other: Date) => date < other,
  after: (date: Date, other: Date) => date > other,
  equals: (date: Date, other: unknown) => equal(date, other),
  getTime: (date: Date) => date.getTime(),
};
const JSON_METHODS: Record<string, Method> = {
  prop: (node: JsonNode, name: string) => node.prop(name),
  hasProp: (node: JsonNode, name: string) => node.hasProp(name),
  isNull: (node: JsonNode) => node.isNull(),
  isObject: (node: JsonNode) => node.is('object'),
  isArray: (node: JsonNode) => node.is('array'),
  isString: (node: JsonNode) => node.is('string'),
  isNumber: (node: JsonNode) => node.is('number'),
  isBoolean: (node: JsonNode) => node.is('boolean'),
  value: (node: JsonNode) => node.value(),
  stringValue: (node: JsonNode) => node.stringValue(),
  numberValue: (node: JsonNode) => node.numberValue(),
  boolValue: (node: JsonNode) => node.boolValue(),
};
const EXECUTION_METHODS = ['getVariable', 'hasVariable'];

/** All methods there are, of whatever kind of value. */
export const METHODS: ReadonlySet<string> = new Set([
  ...EXECUTION_METHODS,
  ...[TEXT_METHODS, DATE_METHODS, JSON_METHODS].flatMap(Object.keys),
]);

function methodsOf(subject: unknown): Record<string, Method> {
  if (typeof subject === 'string') return TEXT_METHODS;
  if (subject instanceof Date) return DATE_METHODS;
  return subject instanceof JsonNode ? JSON_METHODS : {};
}

function call(node: jsep.CallExpression, scope: Scope): unknown {
  const { object, method, given } = methodCall(node);
  const args = given.map((argument) => value(argument, scope));
  if (object.type === 'Identifier' && (object as jsep.Identifier).name === 'execution') {
    return executionMethod(method, String(args[0]), scope);
  }
  const subject = value(object, scope);
  const methods = methodsOf(subject);
  if (Object.hasOwn(methods, method))
    return methods[method]?.(subject as never, ...(args as never[]));
  throw new Error(`there is no method ${method} for ${subject === null ? 'null' : typeof subject}`);
}

/** `execution.getVariable('x')` and `execution.hasVariable('x')`: unlike a name, they allow absence. */
function executionMethod(method: string, name: string, scope: Scope): unknown {
  if (!EXECUTION_METHODS.includes(method)) {
    throw new Error(`there is no method ${method} for execution`);
  }
  try {
    const found = scope(name);
    return method === 'getVariable' ? found : true;
  } catch (error) {
    if (!(error instanceof UnknownNameError)) throw error;
    return method === 'getVariable' ? null : false;
  }
}

function truth(operand: unknown): boolean {
  if (typeof operand === 'boolean') return operand;
  if (operand === null || operand === '') return false;
  if (typeof operand === 'string') return operand.toLowerCase() === 'true';
  throw new Error(`cannot take ${describe(operand)} for a boolean`);
}

/** A number, as JUEL makes one of a value; nothing at all is 0. */
function number(operand: unknown): number {
  if (typeof operand === 'number') return operand;
  if (operand === null || operand === '') return 0;
  const found = typeof operand === 'string' ? Number(operand) : Number.NaN;
  if (Number.isNaN(found)) throw new Error(`cannot take ${describe(operand)} for a number`);
  return found;
}

function equal(a: unknown, b: unknown): boolean {
  if (a === null || b === null) return a === b;
  if (typeof a === 'number' || typeof b === 'number') return number(a) === number(b);
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  if (typeof a === 'boolean' || typeof b === 'boolean') return truth(a) === truth(b);
  return a === b;
}

/** Below 0, 0 or above 0; NaN, which is neither, next to nothing at all. */
function compare(a: unknown, b: unknown): number {
  if (a === b) return 0;
  if (a === null || b === null) return Number.NaN;
  if (a instanceof Date && b instanceof Date) return a.getTime() - b.getTime();
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  return number(a) - number(b);
}

function describe(operand: unknown): string {
  return typeof operand === 'string' ? `'${operand}'` : `a ${typeof operand}`;
}
