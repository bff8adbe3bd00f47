import jsep from 'jsep';
import { JsonNode } from './typed-value.ts';

for (const [word, precedence] of [
  ['or', 1],
  ['and', 2],
  ['eq', 6],
  ['ne', 6],
  ['lt', 7],
  ['gt', 7],
  ['le', 7],
  ['ge', 7],
  ['div', 10],
  ['mod', 10],
] as const) {
  jsep.addBinaryOp(word, precedence);
}
jsep.addUnaryOp('not');
jsep.addUnaryOp('empty');

/** What an expression may name. */
export type Scope = (name: string) => unknown;

/** Throws for a name nobody knows: so does the real engine. */
export class UnknownNameError extends Error {}

const parsed = new Map<string, jsep.Expression>();
const WHOLE = /^\s*[$#]\{([^}]*)\}\s*$/;
const PART = /[$#]\{([^}]*)\}/g;

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

function parse(source: string): jsep.Expression {
  const known = parsed.get(source);
  if (known) return known;
  const expression = jsep(source);
  parsed.set(source, expression);
  return expression;
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
      return -Number(operand);
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
      return Number(a) + Number(b);
    case '-':
      return Number(a) - Number(b);
    case '*':
      return Number(a) * Number(b);
    case '/':
    case 'div':
      return Number(a) / Number(b);
    case '%':
    case 'mod':
      return Number(a) % Number(b);
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
  isEmpty: (text: string) => text === '',
  length: (text: string) => text.length,
  toLowerCase: (text: string) => text.toLowerCase(),
  toUpperCase: (text: string) => text.toUpperCase(),
  trim: (text: string) => text.trim(),
};
const JSON_METHODS = new Set([
  'prop',
  'hasProp',
  'isNull',
  'value',
  'stringValue',
  'numberValue',
  'boolValue',
]);

function call({ callee, arguments: given }: jsep.CallExpression, scope: Scope): unknown {
  const member = callee as jsep.MemberExpression;
  if (member.type !== 'MemberExpression' || member.computed) {
    throw new Error('only methods of values can be called');
  }
  const method = (member.property as jsep.Identifier).name;
  const args = given.map((argument) => value(argument, scope));
  const { object } = member;
  if (object.type === 'Identifier' && (object as jsep.Identifier).name === 'execution') {
    return executionMethod(method, String(args[0]), scope);
  }
  const subject = value(object, scope);
  if (typeof subject === 'string' && Object.hasOwn(TEXT_METHODS, method)) {
    return TEXT_METHODS[method]?.(subject as never, ...(args as never[]));
  }
  if (subject instanceof JsonNode && JSON_METHODS.has(method)) {
    return (subject as unknown as Record<string, (...args: unknown[]) => unknown>)[method]?.(
      ...args,
    );
  }
  throw new Error(`there is no method ${method} for ${subject === null ? 'null' : typeof subject}`);
}

/** `execution.getVariable('x')` and `execution.hasVariable('x')`: unlike a name, they allow absence. */
function executionMethod(method: string, name: string, scope: Scope): unknown {
  if (method !== 'getVariable' && method !== 'hasVariable') {
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
  throw new Error(`cannot take ${typeof operand} for a boolean`);
}

function equal(a: unknown, b: unknown): boolean {
  if (a === null || b === null) return a === b;
  if (typeof a === 'number' || typeof b === 'number') return Number(a) === Number(b);
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  if (typeof a === 'boolean' || typeof b === 'boolean') return truth(a) === truth(b);
  return a === b;
}

function compare(a: unknown, b: unknown): number {
  if (a === null || b === null) return Number.NaN;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  return Number(a) - Number(b);
}
