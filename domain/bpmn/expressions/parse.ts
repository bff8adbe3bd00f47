import type { Value } from '../values/value.ts';
import { NULL } from '../values/value.ts';
import { type Piece, scan, syntaxError, type Token } from './scan.ts';

/** The syntax tree of an expression. */
export type Node =
  | { readonly kind: 'literal'; readonly value: Value }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'unary'; readonly operator: string; readonly operand: Node }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: Node;
      readonly right: Node;
    }
  | { readonly kind: 'choice'; readonly test: Node; readonly yes: Node; readonly no: Node }
  | { readonly kind: 'property'; readonly base: Node; readonly property: Node }
  | {
      readonly kind: 'method';
      readonly base: Node;
      readonly method: Node;
      readonly given: readonly Node[];
    }
  | { readonly kind: 'function'; readonly name: string; readonly given: readonly Node[] };

export type Part = { readonly plain: string } | { readonly node: Node };

/** How tightly the binary operators bind; all of them group to the left. */
const BINDING: ReadonlyMap<string, number> = new Map([
  ['||', 1],
  ['&&', 2],
  ['==', 3],
  ['!=', 3],
  ['<', 4],
  ['>', 4],
  ['<=', 4],
  ['>=', 4],
  ['+', 5],
  ['-', 5],
  ['*', 6],
  ['/', 6],
  ['%', 6],
]);
const UNARY: ReadonlySet<string> = new Set(['-', '!', 'empty']);
const CONSTANTS: ReadonlyMap<string, Value> = new Map([
  ['true', { type: 'Boolean', value: true }],
  ['false', { type: 'Boolean', value: false }],
  ['null', NULL],
]);
const MAX_LONG = 2n ** 63n - 1n;

/** The tokens of one expression and how far they have been read. */
interface Cursor {
  readonly source: string;
  readonly tokens: readonly Token[];
  next: number;
}

/**
 * Reads a text with expressions by JUEL's grammar (Jakarta Expression Language, with method calls).
 *
 * @throws ExpressionError naming the position of what cannot be read
 */
export function parse(source: string): Part[] {
  return scan(source).map((piece: Piece): Part => {
    if (piece.kind === 'plain') return { plain: piece.text };
    const cursor: Cursor = { source, tokens: piece.tokens, next: 0 };
    const node = parseExpression(cursor);
    if (peek(cursor).kind !== 'end') throw unexpected(cursor, '}');
    return { node };
  });
}

function peek({ tokens, next }: Cursor): Token {
  // The last token is the closing brace, which nothing takes.
  return tokens[next] as Token;
}

function unexpected(cursor: Cursor, expected: string): Error {
  const { text, position } = peek(cursor);
  return syntaxError(cursor.source, position, `'${text}'`, expected);
}

/** Takes the operator when it comes next. */
function accept(cursor: Cursor, operator: string): boolean {
  const { kind, text } = peek(cursor);
  if (kind !== 'operator' || text !== operator) return false;
  cursor.next += 1;
  return true;
}

function expect(cursor: Cursor, operator: string): void {
  if (!accept(cursor, operator)) throw unexpected(cursor, operator);
}

function parseExpression(cursor: Cursor): Node {
  const test = parseBinary(cursor, 1);
  if (!accept(cursor, '?')) return test;
  const yes = parseExpression(cursor);
  expect(cursor, ':');
  return { kind: 'choice', test, yes, no: parseExpression(cursor) };
}

function parseBinary(cursor: Cursor, weakest: number): Node {
  let left = parseUnary(cursor);
  for (;;) {
    const { kind, text } = peek(cursor);
    const binding = kind === 'operator' ? BINDING.get(text) : undefined;
    if (binding === undefined || binding < weakest) return left;
    cursor.next += 1;
    left = { kind: 'binary', operator: text, left, right: parseBinary(cursor, binding + 1) };
  }
}

function parseUnary(cursor: Cursor): Node {
  const { kind, text } = peek(cursor);
  if (kind !== 'operator' || !UNARY.has(text)) return parseValue(cursor);
  cursor.next += 1;
  return { kind: 'unary', operator: text, operand: parseUnary(cursor) };
}

function parseValue(cursor: Cursor): Node {
  let base = parsePrimary(cursor);
  for (;;) {
    const property = parseProperty(cursor);
    if (!property) return base;
    base = accept(cursor, '(')
      ? { kind: 'method', base, method: property, given: parseGiven(cursor) }
      : { kind: 'property', base, property };
  }
}

/** What follows a value: `.name` or `[expression]`. */
function parseProperty(cursor: Cursor): Node | undefined {
  if (accept(cursor, '.')) return literal('String', takeName(cursor));
  if (!accept(cursor, '[')) return undefined;
  const property = parseExpression(cursor);
  expect(cursor, ']');
  return property;
}

function takeName(cursor: Cursor): string {
  const { kind, text } = peek(cursor);
  if (kind !== 'name') throw unexpected(cursor, '<IDENTIFIER>');
  cursor.next += 1;
  return text;
}

/** What stands between the parentheses of a call; the first of them is taken. */
function parseGiven(cursor: Cursor): Node[] {
  const given: Node[] = [];
  if (accept(cursor, ')')) return given;
  do given.push(parseExpression(cursor));
  while (accept(cursor, ','));
  expect(cursor, ')');
  return given;
}

function parsePrimary(cursor: Cursor): Node {
  const { kind, text } = peek(cursor);
  if (accept(cursor, '(')) {
    const nested = parseExpression(cursor);
    expect(cursor, ')');
    return nested;
  }
  if (kind === 'name') {
    cursor.next += 1;
    return accept(cursor, '(')
      ? { kind: 'function', name: text, given: parseGiven(cursor) }
      : { kind: 'name', name: text };
  }
  return { kind: 'literal', value: parseLiteral(cursor) };
}

function parseLiteral(cursor: Cursor): Value {
  const { kind, text } = peek(cursor);
  const value = literalValue(kind, text);
  if (value === undefined) throw unexpected(cursor, 'a name, a literal, -, !, empty or (');
  cursor.next += 1;
  return value;
}

function literalValue(kind: Token['kind'], text: string): Value | undefined {
  if (kind === 'operator') return CONSTANTS.get(text);
  if (kind === 'text') return { type: 'String', value: text };
  if (kind !== 'number') return undefined;
  if (!/^\d+$/.test(text)) return { type: 'Double', value: Number(text) };
  const value = Number(text);
  if (Number.isSafeInteger(value)) return { type: 'Long', value };
  return BigInt(text) <= MAX_LONG ? { type: 'Long', value: String(BigInt(text)) } : undefined;
}

function literal(type: string, value: unknown): Node {
  return { kind: 'literal', value: { type, value } };
}
